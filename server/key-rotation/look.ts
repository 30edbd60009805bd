/**
 * One look at all keys: new ones are noted, changed ones count as rotated where they come from, and those that are gone are put aside.
 * A rotation that was cut off between the file and its record is finished here, or given up when the file was never written.
 */
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { withTx, type Db, type Tx } from "#server/core/db/client.ts";
import { newKeyRotationId } from "#server/core/ids.ts";
import { finishRotation, lockKeys } from "#server/key-rotation/finish.ts";
import { fingerprint, hasFingerprint } from "#server/key-rotation/fingerprint.ts";
import { heldKeys, type HeldKey, type InventoryDeps } from "#server/key-rotation/inventory.ts";
import { GATEWAY } from "#server/key-rotation/services.ts";
import type { KeySource } from "#server/key-rotation/schema.ts";

/** A rotation that was begun and not finished for this long was cut off (milliseconds). */
const CUT_OFF_MS = 60_000;

type Tracked = NonNullable<Awaited<ReturnType<Tx["trackedKey"]["findUnique"]>>>;
type Prepared = NonNullable<Awaited<ReturnType<Tx["keyRotation"]["findUnique"]>>>;

/** Only for a process that has the gateway's environment: another one would take its own variables for changes. */
export async function lookAtKeys(deps: InventoryDeps & { db: Db }, now: Date): Promise<void> {
  await withTx(deps.db, async (tx) => {
    await lockKeys(tx);
    const keys = await heldKeys(deps, tx);
    const [tracked, prepared] = await Promise.all([
      tx.trackedKey.findMany(),
      tx.keyRotation.findMany({ where: { state: "prepared" } }),
    ]);
    for (const key of keys) {
      const row = tracked.find(({ id }) => id === key.id) ?? null;
      await lookAtKey(deps, tx, { key, row, open: prepared.find(({ keyId }) => keyId === key.id) ?? null, now });
    }
    const held = new Set(keys.map(({ id }) => id));
    const gone = tracked.filter(({ id, removedAt }) => removedAt === null && !held.has(id)).map(({ id }) => id);
    await tx.trackedKey.updateMany({ where: { id: { in: gone } }, data: { removedAt: now } });
  });
}

interface Look {
  key: HeldKey;
  row: Tracked | null;
  open: Prepared | null;
  now: Date;
}

async function lookAtKey({ keyring }: InventoryDeps, tx: Tx, { key, row, open, now }: Look): Promise<void> {
  const { id, owner, source, path } = key;
  const value = tryRead(key);
  const found = value === null ? null : fingerprint(keyring, id, value);
  if (row === null) {
    const since = { firstSeen: now, rotatedAt: now, checkedAt: now };
    await tx.trackedKey.create({ data: { id, owner, source, path, fingerprint: found, ...since } });
    return;
  }
  const same = value === null || row.fingerprint === null ? null : hasFingerprint(keyring, id, value, row.fingerprint);
  const place = { owner, source, path, checkedAt: now, removedAt: null };
  if (open !== null && value !== null && open.newFingerprint !== null) {
    if (hasFingerprint(keyring, id, value, open.newFingerprint) === true) {
      await finishRotation(tx, open, { now, generated: false });
      return;
    }
    if (now.getTime() - open.at.getTime() > CUT_OFF_MS) {
      await giveUp(tx, open);
    }
  }
  if (same === false) {
    await noteChange(tx, { key, row, found, now });
    await tx.trackedKey.update({ where: { id }, data: { ...place, fingerprint: found, rotatedAt: now } });
    return;
  }
  // A fingerprint of a keyring's key that is gone is made anew: that is no change of the key.
  const renewed = found !== null && (row.fingerprint === null || same === null) ? { fingerprint: found } : {};
  await tx.trackedKey.update({ where: { id }, data: { ...place, ...renewed } });
}

function tryRead(key: HeldKey): string | null {
  try {
    return key.read();
  } catch {
    // Said where keys are listed; whoever uses the key says it too.
    return null;
  }
}

const SEEN_IN: Record<KeySource, string> = {
  environment: "environment",
  plain: "configuration",
  encrypted: "configuration",
  database: "console",
};

async function noteChange(
  tx: Tx,
  { key, row, found, now }: { key: HeldKey; row: Tracked; found: string | null; now: Date },
): Promise<void> {
  const id = newKeyRotationId();
  await tx.keyRotation.create({
    data: {
      id,
      keyId: key.id,
      how: "seen",
      state: "done",
      oldFingerprint: row.fingerprint,
      newFingerprint: found,
      test: "none",
      actorType: GATEWAY.type,
      actorId: `seen in the ${SEEN_IN[key.source]}`,
      at: now,
    },
  });
  const event: AuditEventInput = {
    event: "key.change_seen",
    outcome: "ok",
    actor: GATEWAY,
    target: key.id,
    reason: SEEN_IN[key.source],
    data: { rotation: id },
  };
  await recordEvents(tx, [event]);
}

/** A rotation that was begun and never came into force. */
export async function giveUp(tx: Tx, { id, keyId }: { id: string; keyId: string }): Promise<void> {
  await tx.keyRotation.update({ where: { id }, data: { state: "failed", newSealed: null, oldSealed: null } });
  await recordEvents(tx, [
    {
      event: "key.rotation_failed",
      outcome: "failed",
      actor: GATEWAY,
      target: keyId,
      reason: "interrupted",
      data: { rotation: id },
    },
  ]);
}
