/** One-time codes for the day the authenticator is lost. 120 random bits each, so a fast hash is enough: there is nothing to guess. */
import { createHash, randomBytes } from "node:crypto";
import { RECOVERY_CODES } from "#server/auth/policy.ts";
import type { Tx } from "#server/core/db/client.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SYMBOLS = 24;

/** New codes as they are shown, in groups of four. */
export const newRecoveryCodes = (): string[] => Array.from({ length: RECOVERY_CODES }, newRecoveryCode);

function newRecoveryCode(): string {
  const symbols = Array.from(randomBytes(SYMBOLS), (byte) => ALPHABET.charAt(byte & 31)).join("");
  return symbols.replaceAll(/(.{4})(?!$)/g, "$1-");
}

/** Puts new codes in the place of all the member had. */
export async function replaceRecoveryCodes(tx: Tx, memberId: string, codes: readonly string[]): Promise<void> {
  await tx.recoveryCode.deleteMany({ where: { memberId } });
  await tx.recoveryCode.createMany({ data: codes.map((code) => ({ memberId, hash: hashOf(memberId, code) })) });
}

/** Uses the code up as part of `tx`. Of any number of parallel uses exactly one gets true. */
export async function consumeRecoveryCode(tx: Tx, memberId: string, code: string, now: Date): Promise<boolean> {
  const { count } = await tx.recoveryCode.updateMany({
    where: { hash: hashOf(memberId, code), memberId, usedAt: null },
    data: { usedAt: now },
  });
  return count === 1;
}

export const countRecoveryCodes = (tx: Tx, memberId: string): Promise<number> =>
  tx.recoveryCode.count({ where: { memberId, usedAt: null } });

const hashOf = (memberId: string, code: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    createHash("sha256")
      .update(`recovery-code|${memberId}|${code.replaceAll("-", "")}`)
      .digest(),
  );
