/** What is stored once a new value is in place: the rotation, the key's new age and the record, in the caller's transaction. */
import { recordEvents } from "#server/audit/index.ts";
import { ACTOR_TYPES } from "#server/audit/schema.ts";
import { announceConnections } from "#server/channels/index.ts";
import type { Tx } from "#server/core/db/client.ts";
import { KEYS_CHANGED } from "#server/key-rotation/services.ts";

interface Prepared {
  id: string;
  keyId: string;
  newFingerprint: string | null;
  test: string;
  graceUntil: Date | null;
  actorType: string;
  actorId: string;
}

export async function finishRotation(
  tx: Tx,
  rotation: Prepared,
  { now, generated }: { now: Date; generated: boolean },
): Promise<void> {
  const { id, keyId, newFingerprint, graceUntil } = rotation;
  const keepsOld = graceUntil !== null && graceUntil > now;
  await tx.keyRotation.update({
    where: { id },
    data: {
      state: "done",
      at: now,
      newSealed: null,
      ...(keepsOld ? {} : { oldSealed: null, graceEndedAt: now }),
    },
  });
  await endEarlierGraces(tx, keyId, id, now);
  await tx.trackedKey.update({
    where: { id: keyId },
    data: { fingerprint: newFingerprint, rotatedAt: now, checkedAt: now, removedAt: null },
  });
  await recordEvents(tx, [
    {
      event: "key.rotated",
      outcome: "ok",
      actor: { type: ACTOR_TYPES.find((type) => type === rotation.actorType) ?? "system", id: rotation.actorId },
      target: keyId,
      reason: rotation.test,
      data: { rotation: id, graceUntil: keepsOld ? graceUntil.toISOString() : null, generated },
    },
  ]);
  await announceKeys(tx);
}

/** One earlier value at most is kept: a second rotation ends the grace of the first. */
async function endEarlierGraces(tx: Tx, keyId: string, id: string, now: Date): Promise<void> {
  await tx.keyRotation.updateMany({
    where: { keyId, id: { not: id }, oldSealed: { not: null } },
    data: { oldSealed: null, graceEndedAt: now },
  });
}

/** Those who hold connections and those who keep jobs look again. */
export async function announceKeys(tx: Tx): Promise<void> {
  await announceConnections(tx);
  await tx.$executeRaw`SELECT pg_notify(${KEYS_CHANGED}, '')`;
}

/** One change of keys at a time, in all processes. */
export const lockKeys = (tx: Tx): Promise<number> =>
  tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('key-rotation', 0))`;
