/** Reads episodes, and says what somebody made of one. */
import type { Anomaly } from "#server/core/db/generated/client.ts";
import { eventsBehind, explain } from "#server/anomalies/evidence.ts";
import type { WatchSettings } from "#server/anomalies/live/look.ts";
import { REASONS, VERDICTS } from "#server/anomalies/policy.ts";
import type { AcknowledgeAnomaly, AnomalyList, AnomalyQuery, AnomalyView } from "#server/anomalies/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { Db } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { isMetric, METRICS } from "#server/metrics/schema.ts";

/** Newest first. */
export async function listAnomalies(db: Db, { state, metric, since, limit }: AnomalyQuery): Promise<AnomalyView[]> {
  const rows = await db.anomaly.findMany({
    where: {
      ...(metric === undefined ? {} : { metric }),
      ...(since === undefined ? {} : { OR: [{ endedAt: null }, { lastAt: { gte: since } }] }),
      ...(state === "open" ? { endedAt: null } : {}),
      ...(state === "ended" ? { endedAt: { not: null } } : {}),
      ...(state === "acknowledged" ? { acknowledgedAt: { not: null } } : {}),
    },
    orderBy: [{ startedAt: "desc" }, { id: "desc" }],
    take: limit,
  });
  return rows.map(viewOf);
}

/** @throws AppError("NOT_FOUND") */
export async function readAnomaly(db: Db, id: string): Promise<AnomalyView> {
  const row = await db.anomaly.findUnique({ where: { id } });
  if (!row) throw new AppError("NOT_FOUND", `There is no anomaly ${id}. List them with: openclaw monitoring anomalies`);
  return viewOf(row);
}

/** What the watch is told, and how far it has looked. @param settings - undefined = off */
export async function watchStatus(db: Db, settings: WatchSettings | undefined): Promise<AnomalyList["watch"]> {
  const [series, oldest] = await Promise.all([
    db.anomalySeries.count(),
    // The metric that lags most tells how far everything was looked at.
    db.anomalySeries.aggregate({ _min: { upTo: true } }),
  ]);
  return {
    enabled: settings !== undefined,
    threshold: settings?.threshold ?? 0,
    windowSeconds: (settings?.windowMs ?? 0) / 1000,
    metrics: [...(settings?.metrics ?? [])],
    series,
    upTo: oldest._min.upTo,
  };
}

/** Says what an episode was; a later word replaces an earlier one. @throws AppError("NOT_FOUND") */
export async function acknowledgeAnomaly(
  db: Db,
  actor: Actor,
  { id, verdict, reason }: AcknowledgeAnomaly,
  now: number,
): Promise<AnomalyView> {
  const { metric, subject } = await readAnomaly(db, id);
  const row = await withTx(db, async (tx) => {
    await recordEvents(tx, [
      {
        event: "anomaly.acknowledged",
        outcome: "ok",
        actor,
        target: `${metric}/${subject}`,
        reason: verdict,
        data: { anomalyId: id, note: reason },
      },
    ]);
    return tx.anomaly.update({
      where: { id },
      data: { acknowledgedAt: new Date(now), acknowledgedBy: actor.id, verdict, acknowledgedReason: reason },
    });
  });
  return viewOf(row);
}

function viewOf({
  acknowledgedAt,
  acknowledgedBy,
  acknowledgedReason,
  verdict,
  leading,
  ...row
}: Anomaly): AnomalyView {
  const reason = REASONS.find((each) => each === row.reason) ?? "higher";
  const told = { ...row, leading, reason };
  const { label, unit } = isMetric(row.metric) ? METRICS[row.metric] : { label: row.metric, unit: "" };
  const said = VERDICTS.find((each) => each === verdict);
  return {
    ...row,
    leading,
    label,
    unit,
    reason,
    explanation: explain(told),
    events: eventsBehind(told),
    acknowledged:
      acknowledgedAt && acknowledgedBy !== null && said
        ? { at: acknowledgedAt, by: acknowledgedBy, verdict: said, reason: acknowledgedReason ?? "" }
        : null,
  };
}
