/** Locks as people see them. */
import type { Db, Prisma } from "#server/core/db/client.ts";
import { LOCK_KINDS, type LockKind } from "#server/incidents/policy.ts";
import { CutCounts, type LockView } from "#server/incidents/schema.ts";

const WITH_CUTS = { include: { cuts: { orderBy: { instance: "asc" } } }, orderBy: { setAt: "desc" } } as const;
type Row = Prisma.IncidentLockGetPayload<{ include: { cuts: true } }>;

/** Those that hold now, and drills that go on; newest first. */
export async function locksInForce(db: Pick<Db, "incidentLock">, now: Date): Promise<LockView[]> {
  const rows = await db.incidentLock.findMany({
    where: { endedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
    ...WITH_CUTS,
  });
  return rows.map(viewOf);
}

export async function locksOfIncident(db: Pick<Db, "incidentLock">, incidentId: string): Promise<LockView[]> {
  return (await db.incidentLock.findMany({ where: { incidentId }, ...WITH_CUTS })).map(viewOf);
}

function viewOf({ kind, stored, cuts, ...row }: Row): LockView {
  return {
    ...row,
    kind: kindOf(kind),
    stored: countsOf(stored),
    cuts: cuts.map(({ instance, counts, afterMs }) => ({ instance, counts: countsOf(counts), afterMs })),
  };
}

const kindOf = (text: string): LockKind => LOCK_KINDS.find((kind) => kind === text) ?? "everything";
const countsOf = (json: unknown): CutCounts => CutCounts.safeParse(json).data ?? {};
