/** Reading incidents: the state of things, one incident whole, and what every page shows of them. */
import type { Pool } from "pg";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { unknownIncident } from "#server/incidents/incidents.ts";
import type { LockStore } from "#server/incidents/lock-store.ts";
import { locksInForce, locksOfIncident } from "#server/incidents/lock-views.ts";
import { INCIDENT_SEVERITIES } from "#server/incidents/policy.ts";
import {
  type Banner,
  type Contact,
  type IncidentBoard,
  type IncidentDetail,
  type IncidentSummary,
} from "#server/incidents/schema.ts";
import { readTimeline } from "#server/incidents/timeline.ts";

export interface ReadDeps {
  db: Db;
  pool: Pool;
  clock: Clock;
}

/** Closed incidents that are listed. */
const HISTORY = 50;

export async function readBoard({ db, clock }: ReadDeps, contacts: readonly Contact[]): Promise<IncidentBoard> {
  const now = new Date(clock.now());
  const [locks, incidents] = await Promise.all([
    locksInForce(db, now),
    db.incident.findMany({ orderBy: { openedAt: "desc" }, take: HISTORY, select: SUMMARY }),
  ]);
  const summaries = incidents.map(summaryOf);
  return {
    now,
    locks: locks.filter(({ drill }) => !drill),
    drills: locks.filter(({ drill }) => drill),
    open: summaries.filter(({ closedAt }) => closedAt === null),
    history: summaries.filter(({ closedAt }) => closedAt !== null),
    contacts: [...contacts],
  };
}

const SUMMARY = {
  id: true,
  title: true,
  severity: true,
  commander: true,
  drill: true,
  subjects: true,
  openedBy: true,
  openedAt: true,
  closedBy: true,
  closedAt: true,
} as const;

function summaryOf<Row extends { severity: string }>(row: Row): Row & Pick<IncidentSummary, "severity"> {
  return { ...row, severity: INCIDENT_SEVERITIES.find((name) => name === row.severity) ?? "critical" };
}

/** @throws AppError NOT_FOUND */
export async function readIncident({ db, pool, clock }: ReadDeps, id: string): Promise<IncidentDetail> {
  const row = await db.incident.findUnique({ where: { id }, select: { ...SUMMARY, plan: true, conclusion: true } });
  if (row === null) {
    throw unknownIncident();
  }
  const [locks, { entries, cut }] = await Promise.all([
    locksOfIncident(db, id),
    readTimeline(pool, db, row, new Date(clock.now())),
  ]);
  return { ...summaryOf(row), locks, timeline: entries, timelineCut: cut };
}

/** @param mayRead whether the title of an incident is for this reader */
export async function readBanner(
  { db, locks }: Pick<ReadDeps, "db"> & { locks: LockStore },
  mayRead: boolean,
): Promise<Banner> {
  const stopped = locks.stopped();
  const open = await db.incident.findFirst({
    where: { closedAt: null },
    // One that is no drill goes first.
    orderBy: [{ drill: "asc" }, { openedAt: "desc" }],
    select: { title: true, openedAt: true, drill: true },
  });
  return {
    stopped: stopped === null ? null : { message: stopped.message, since: stopped.setAt },
    incident: open === null ? null : { title: mayRead ? open.title : null, since: open.openedAt, drill: open.drill },
  };
}
