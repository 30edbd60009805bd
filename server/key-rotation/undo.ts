/** Brings back the value before a rotation while its grace lasts, and forgets it when the grace has ended. */
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { openOldKey, replaceStoredSecret } from "#server/channels/index.ts";
import { withTx, type Db, type Tx } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { fingerprint, hasFingerprint } from "#server/key-rotation/fingerprint.ts";
import { announceKeys, lockKeys } from "#server/key-rotation/finish.ts";
import { findKey, writeKey } from "#server/key-rotation/rotate.ts";
import { GATEWAY, type KeyServices } from "#server/key-rotation/services.ts";

/** @throws AppError NOT_FOUND, CONFLICT (the grace has ended, or the key was changed since) */
export async function undoRotation(
  services: KeyServices,
  actor: Actor,
  rotationId: string,
): Promise<{ keyId: string; rotationId: string }> {
  const { db, keyring, clock } = services;
  const named = await db.keyRotation.findUnique({ where: { id: rotationId }, select: { keyId: true } });
  if (named === null) {
    throw new AppError("NOT_FOUND", `There is no rotation "${rotationId}". They are listed by: openclaw keys history`);
  }
  const key = await findKey(services, named.keyId);
  await withTx(db, async (tx) => {
    await lockKeys(tx);
    const now = new Date(clock.now());
    const { keyId, state, oldSealed, graceUntil, newFingerprint } = await tx.keyRotation.findUniqueOrThrow({
      where: { id: rotationId },
    });
    if (state !== "done" || oldSealed === null || graceUntil === null || graceUntil <= now) {
      throw new AppError(
        "CONFLICT",
        `Rotation ${rotationId} cannot be undone: the value before it is not kept any more.`,
      );
    }
    if (newFingerprint === null || hasFingerprint(keyring, keyId, key.read(), newFingerprint) !== true) {
      throw new AppError("CONFLICT", `${keyId} was changed since rotation ${rotationId}. Rotate it anew instead.`);
    }
    const old = openOldKey(keyring, rotationId, oldSealed);
    await tx.keyRotation.update({
      where: { id: rotationId },
      data: { state: "undone", oldSealed: null, graceEndedAt: now },
    });
    const before = await tx.keyRotation.findFirst({
      where: { keyId, state: "done", id: { not: rotationId } },
      orderBy: { at: "desc" },
      select: { at: true },
    });
    const { firstSeen } = await tx.trackedKey.findUniqueOrThrow({ where: { id: keyId }, select: { firstSeen: true } });
    await tx.trackedKey.update({
      where: { id: keyId },
      // Its age goes on from where it was.
      data: { fingerprint: fingerprint(keyring, keyId, old), rotatedAt: before?.at ?? firstSeen, checkedAt: now },
    });
    await recordEvents(tx, [
      { event: "key.rotation_undone", outcome: "ok", actor, target: keyId, data: { rotation: rotationId } },
    ]);
    await announceKeys(tx);
    if (key.owner === "database" && key.of.kind === "channel") {
      await replaceStoredSecret(tx, keyring, { channel: key.of.held.channel, key: key.of.key, value: old });
    } else {
      writeKey(services, actor, key, old);
    }
  });
  return { keyId: named.keyId, rotationId };
}

/** Forgets the values before rotations whose grace has ended. @param rotationId only this one. @returns how many */
export async function endGraces(db: Db, now: Date, rotationId?: string): Promise<number> {
  return withTx(db, async (tx: Tx) => {
    await lockKeys(tx);
    const ended = await tx.keyRotation.findMany({
      where: {
        ...(rotationId === undefined ? {} : { id: rotationId }),
        state: "done",
        oldSealed: { not: null },
        graceUntil: { lte: now },
      },
      select: { id: true, keyId: true },
    });
    if (ended.length === 0) {
      return 0;
    }
    await tx.keyRotation.updateMany({
      where: { id: { in: ended.map(({ id }) => id) } },
      data: { oldSealed: null, graceEndedAt: now },
    });
    await recordEvents(
      tx,
      ended.map(({ id, keyId }) => ({
        event: "key.grace_ended",
        outcome: "ok",
        actor: GATEWAY,
        target: keyId,
        data: { rotation: id },
      })),
    );
    await announceKeys(tx);
    return ended.length;
  });
}
