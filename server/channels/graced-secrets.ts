/**
 * Secrets that deliveries may still be signed with after they were rotated: the value before, sealed in `key_rotation`, until its grace ends.
 * The end is compared with the clock at each delivery, so that a job that comes late prolongs nothing.
 */
import { isSecret } from "#server/channels/connection-rows.ts";
import type { ConnectionSecret } from "#server/config/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { openValue, sealValue } from "#server/core/crypto/vault.ts";
import type { Db } from "#server/core/db/client.ts";

/** Secrets that others prove themselves with to us; the others are ours to send. */
export const INBOUND_SECRETS = ["webhookSecret", "signingSecret", "appSecret", "verifyToken", "secret"] as const;

export interface GracedSecret {
  channel: string;
  key: ConnectionSecret;
  value: string;
  /** Milliseconds since 1970. */
  until: number;
}

const contextOf = (rotationId: string): string => `key_rotation|old_sealed|${rotationId}`;

export const sealOldKey = (keyring: Keyring, rotationId: string, value: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(sealValue(keyring, "config", Buffer.from(value, "utf8"), contextOf(rotationId)));

/** @throws AppError CANNOT_DECRYPT */
export const openOldKey = (keyring: Keyring, rotationId: string, sealed: Uint8Array): string =>
  openValue(keyring, "config", sealed, contextOf(rotationId)).toString("utf8");

/** One that cannot be opened is left out: then only the new one counts. */
export async function readGraced(db: Db, keyring: Keyring, now: Date): Promise<GracedSecret[]> {
  const rows = await db.keyRotation.findMany({
    where: { state: "done", graceUntil: { gt: now }, oldSealed: { not: null }, keyId: { startsWith: "channel:" } },
    select: { id: true, keyId: true, oldSealed: true, graceUntil: true },
  });
  return rows.flatMap(({ id, keyId, oldSealed, graceUntil }) => {
    const named = splitKeyId(keyId);
    const isInbound = INBOUND_SECRETS.some((name) => name === named?.key);
    if (named === null || !isInbound || oldSealed === null || graceUntil === null) {
      return [];
    }
    try {
      return [{ ...named, value: openOldKey(keyring, id, oldSealed), until: graceUntil.getTime() }];
    } catch {
      return [];
    }
  });
}

/** `channel:<name>:<secret>`; a name may hold colons itself. */
function splitKeyId(id: string): { channel: string; key: ConnectionSecret } | null {
  const [, channel = "", key = ""] = /^channel:(.+):([A-Za-z]+)$/.exec(id) ?? [];
  return channel !== "" && isSecret(key) ? { channel, key } : null;
}
