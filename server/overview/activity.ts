/** What was refused in the last day, and what ends soon: counts from the tally, the newest refusals from the record. */
import type { Pool } from "pg";
import { histogram, listEvents } from "#server/audit/index.ts";
import type { AuditKind } from "#server/audit/schema.ts";
import type { ConfigStore } from "#server/config/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { certificateEnd } from "#server/overview/posture-facts.ts";
import { denialWords } from "#server/overview/denial-words.ts";
import type { OverviewActivity, RecentDenial } from "#server/overview/schema.ts";

export interface ActivityServices {
  db: Db;
  pool: Pool;
  clock: Clock;
  paths: HomePaths;
  config: Pick<ConfigStore, "current">;
}

const HOUR_MS = 3_600_000;
const HOURS = 24;
const SERIES = ["authentication_failure", "authorization_denied", "rate_limit_exceeded"] as const satisfies AuditKind[];
const EXPIRES_WITHIN_MS = 7 * 24 * HOUR_MS;
const MAX_EXPIRING = 5;

export async function overviewActivity({
  db,
  pool,
  clock,
  paths,
  config,
}: ActivityServices): Promise<OverviewActivity> {
  const now = clock.now();
  const start = Math.floor(now / HOUR_MS) * HOUR_MS - (HOURS - 1) * HOUR_MS;
  const since = new Date(start);
  const soon = new Date(now + EXPIRES_WITHIN_MS);
  const ending = { revokedAt: null, supersededAt: null, expiresAt: { gt: new Date(now), lte: soon } };
  const [tokens, tokenCount, ...counts] = await Promise.all([
    db.token.findMany({
      where: ending,
      orderBy: { expiresAt: "asc" },
      take: MAX_EXPIRING,
      select: { id: true, name: true, expiresAt: true },
    }),
    db.token.count({ where: ending }),
    ...SERIES.map(async (kind) => {
      const perHour = Array.from({ length: HOURS }, () => 0);
      for (const { startMs, count } of await histogram(pool, { kind, since }, 1)) {
        const hour = Math.round((startMs - start) / HOUR_MS);
        perHour[hour] = (perHour[hour] ?? 0) + count;
      }
      return { kind, perHour: perHour.slice(0, HOURS) };
    }),
  ]);
  return {
    at: new Date(now),
    since,
    series: counts,
    expiringTokens: tokens.flatMap(({ id, name, expiresAt }) => (expiresAt === null ? [] : [{ id, name, expiresAt }])),
    expiringCount: tokenCount,
    certificateEnds: certificateEnd(config.current().config, paths),
  };
}

const MAX_DENIALS = 8;

/** The newest refusals with why, in words: where somebody looks who asks "why was I refused?". */
export async function recentDenials({ pool }: Pick<ActivityServices, "pool">): Promise<RecentDenial[]> {
  const { events } = await listEvents(pool, { outcome: "denied", limit: MAX_DENIALS });
  return events.map((event) => ({
    seq: event.seq,
    at: event.at,
    event: event.event,
    who: event.userId ?? event.actorId,
    address: event.address ?? null,
    what: event.target ?? event.channel ?? null,
    why: denialWords(event),
    because: event.because ?? null,
  }));
}
