/** Codes of authenticator apps (RFC 6238: SHA-1, six digits, 30 seconds). Pure but for the random seed. */
import { generateSecret, generateURI, verifySync } from "otplib";

/** Seconds by which a clock may be late or early, which is what a code's life is longer than its step. */
const TOLERANCE_SECONDS: [past: number, future: number] = [10, 5];
const STEP_SECONDS = 30;
const ISSUER = "OpenClaw";

/** 160 random bits in base32. */
export const newTotpSeed = (): string => generateSecret({ length: 20 });

export const totpUri = (seed: string, account: string): string =>
  generateURI({ issuer: ISSUER, label: account, secret: seed });

/**
 * The time step that `code` belongs to, or null when it is wrong or of a step up to `lastStep`, which was used. Whoever accepts the code has to
 * store the step on the condition that none as late is stored: of two sign-ins at once both get here.
 * @param nowMs milliseconds since the Unix epoch, of this server
 */
export function totpStepOf(seed: string, code: string, nowMs: number, lastStep: bigint | null): number | null {
  try {
    const result = verifySync({
      secret: seed,
      token: code,
      epoch: Math.floor(nowMs / 1000),
      period: STEP_SECONDS,
      epochTolerance: TOLERANCE_SECONDS,
      ...(lastStep === null ? {} : { afterTimeStep: Number(lastStep) }),
    });
    // The object is truthy either way.
    return result.valid === true && "timeStep" in result ? result.timeStep : null;
  } catch {
    // Texts that are no code, and seeds that are none, are errors to the library.
    return null;
  }
}
