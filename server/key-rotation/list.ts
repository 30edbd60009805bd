/** Keys with their age, for the console and the command line, and what was done with them. */
import type { Db } from "#server/core/db/client.ts";
import { messageOf } from "#server/core/errors.ts";
import { shownFingerprint } from "#server/key-rotation/fingerprint.ts";
import { heldKeys, type HeldKey, type InventoryDeps } from "#server/key-rotation/inventory.ts";
import { ruleOf } from "#server/key-rotation/notices.ts";
import { keyAge } from "#server/key-rotation/policy.ts";
import type { KEY_STATES } from "#server/key-rotation/policy.ts";
import type { HistoryEntry, KeyList, KeyView } from "#server/key-rotation/schema.ts";
import { wayOf } from "#server/key-rotation/ways.ts";

const DAY_MS = 86_400_000;
const MAX_HISTORY = 200;
/** Worst first. */
const ORDER: Record<(typeof KEY_STATES)[number], number> = { overdue: 0, due_soon: 1, unknown: 2, ok: 3 };

interface ListOptions {
  now: Date;
  /** Whether this process has the gateway's environment and can say that a key is missing there. */
  judgesValues: boolean;
}

/** @param db null while no gateway runs: ages are not known then */
export async function listKeys(
  deps: InventoryDeps,
  db: Db | null,
  { now, judgesValues }: ListOptions,
): Promise<KeyList> {
  const { config } = deps.config.current();
  const keys = await heldKeys(deps, db);
  const [tracked, graces, used] =
    db === null
      ? [[], [], new Map<string, Date>()]
      : await Promise.all([
          db.trackedKey.findMany(),
          db.keyRotation.findMany({
            where: { state: "done", oldSealed: { not: null }, graceUntil: { gt: now } },
            orderBy: { at: "desc" },
            select: { id: true, keyId: true, graceUntil: true },
          }),
          lastUses(db),
        ]);
  const rule = ruleOf(config);
  const views = keys.map((key): KeyView => {
    const row = tracked.find(({ id }) => id === key.id);
    const age = keyAge(row?.rotatedAt.getTime() ?? null, rule, now.getTime());
    const grace = graces.find(({ keyId }) => keyId === key.id);
    const way = wayOf(key);
    return {
      id: key.id,
      label: key.label,
      source: key.source,
      path: key.path,
      variables: [...key.variables],
      fingerprint: typeof row?.fingerprint === "string" ? shownFingerprint(row.fingerprint) : null,
      firstSeen: row?.firstSeen ?? null,
      rotatedAt: row === undefined || row.rotatedAt.getTime() === row.firstSeen.getTime() ? null : row.rotatedAt,
      ageDays: age.ageMs === null ? null : Math.floor(age.ageMs / DAY_MS),
      dueAt: age.dueAt === null ? null : new Date(age.dueAt),
      state: age.state,
      ageShare: age.share,
      lastUsedAt: used.get(key.id.split(":").slice(0, 2).join(":")) ?? null,
      problem: judgesValues ? problemOf(key) : null,
      ...way,
      graceUntil: grace?.graceUntil ?? null,
      undo: way.rotation === "here" ? (grace?.id ?? null) : null,
    };
  });
  return {
    rotation: { enabled: config.security.keyRotation.enabled, ...rule },
    keys: views.sort((a, b) => ORDER[a.state] - ORDER[b.state] || a.id.localeCompare(b.id)),
  };
}

function problemOf(key: HeldKey): string | null {
  try {
    key.read();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** `provider:<name>` and `channel:<name>` with when they were last spoken to or heard of. */
async function lastUses(db: Db): Promise<Map<string, Date>> {
  const [calls, deliveries] = await Promise.all([
    db.$queryRaw<{ name: string; at: Date }[]>`
      SELECT split_part(model, '/', 1) AS name, max(at) AS at FROM model_call WHERE at > now() - interval '90 days' GROUP BY 1`,
    db.$queryRaw<{ name: string; at: Date }[]>`
      SELECT channel AS name, max(accepted_at) AS at FROM channel_delivery GROUP BY 1`,
  ]);
  return new Map([
    ...calls.map(({ name, at }): [string, Date] => [`provider:${name}`, at]),
    ...deliveries.map(({ name, at }): [string, Date] => [`channel:${name}`, at]),
  ]);
}

/** Newest first. @param keyId of one key only */
export async function keyHistory(db: Db, keyId?: string): Promise<HistoryEntry[]> {
  const rows = await db.keyRotation.findMany({
    where: keyId === undefined ? {} : { keyId },
    orderBy: { at: "desc" },
    take: MAX_HISTORY,
    omit: { oldSealed: true, newSealed: true },
  });
  return rows.map((row) => ({
    id: row.id,
    keyId: row.keyId,
    at: row.at,
    how: row.how as HistoryEntry["how"],
    state: row.state as HistoryEntry["state"],
    by: row.how === "seen" ? row.actorId : `${row.actorType} ${row.actorId}`,
    test: row.test as HistoryEntry["test"],
    graceUntil: row.graceUntil,
    graceEndedAt: row.graceEndedAt,
    fingerprint: row.newFingerprint === null ? null : shownFingerprint(row.newFingerprint),
  }));
}
