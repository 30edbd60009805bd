/**
 * Challenges that passkeys sign. Nothing is stored when one is given out, so that nobody can fill the database by asking: it carries its end
 * and a keyed hash over end and purpose. Only one that was answered is stored, so that it is not taken twice.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { keyedHash } from "#server/auth/derived-key.ts";
import type { AuthServices } from "#server/auth/services.ts";
import type { Tx } from "#server/core/db/client.ts";

/** Who may answer, and what for. A challenge for one thing is none for another. */
export type ChallengePurpose = "sign_in" | `enrol:${string}` | `step_up:${string}`;

const LIFETIME_MS = 5 * 60_000;
const NONCE_BYTES = 16;
const END_BYTES = 6;
const MAC_BYTES = 32;

/** A new challenge, as bytes. */
export function newChallenge(
  { sessionSecret, clock }: Pick<AuthServices, "sessionSecret" | "clock">,
  purpose: ChallengePurpose,
): Uint8Array<ArrayBuffer> {
  const head = Buffer.alloc(NONCE_BYTES + END_BYTES);
  randomBytes(NONCE_BYTES).copy(head);
  head.writeUIntBE(clock.now() + LIFETIME_MS, NONCE_BYTES, END_BYTES);
  return new Uint8Array(Buffer.concat([head, macOf(sessionSecret, purpose, head)]));
}

/** True for one that we gave out for this purpose and that has not expired. Whether it was used says `consumeChallenge`. */
export function isOurChallenge(
  { sessionSecret, clock }: Pick<AuthServices, "sessionSecret" | "clock">,
  purpose: ChallengePurpose,
  challenge: string,
): boolean {
  const bytes = Buffer.from(challenge, "base64url");
  if (bytes.length !== NONCE_BYTES + END_BYTES + MAC_BYTES) {
    return false;
  }
  const head = bytes.subarray(0, NONCE_BYTES + END_BYTES);
  const isGenuine = timingSafeEqual(bytes.subarray(head.length), macOf(sessionSecret, purpose, head));
  return isGenuine && head.readUIntBE(NONCE_BYTES, END_BYTES) > clock.now();
}

/** Uses the challenge up as part of `tx`. Of any number of parallel uses exactly one gets true. */
export async function consumeChallenge(tx: Tx, challenge: string, now: Date): Promise<boolean> {
  const hash = new Uint8Array(createHash("sha256").update(challenge).digest());
  await tx.usedChallenge.deleteMany({ where: { expiresAt: { lt: now } } });
  const { count } = await tx.usedChallenge.createMany({
    data: [{ hash, expiresAt: new Date(now.getTime() + LIFETIME_MS) }],
    skipDuplicates: true,
  });
  return count === 1;
}

const macOf = (secret: string, purpose: ChallengePurpose, head: Uint8Array): Buffer =>
  keyedHash(secret, "passkey-challenge", `${purpose}|${Buffer.from(head).toString("base64url")}`);
