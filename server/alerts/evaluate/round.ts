/**
 * One round of evaluation, as one transaction: reads on in the record, measures, changes alerts, queues what is to be told, moves the cursor.
 * The cursor's row is the lease: of several servers one evaluates, and a round that dies leaves everything as it was.
 */
import type { Pool, PoolClient } from "pg";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { changesOf, type Change } from "#server/alerts/evaluate/apply.ts";
import { gather } from "#server/alerts/evaluate/gather.ts";
import { ingest } from "#server/alerts/evaluate/ingest.ts";
import { forgetOld, readingOf, type Round } from "#server/alerts/evaluate/readings.ts";
import {
  readActiveSilences,
  readOpenAlerts,
  readRules,
  readTargets,
  type OpenAlert,
  type StoredRule,
} from "#server/alerts/evaluate/rows.ts";
import { addNotices, recordChanges, storeChange } from "#server/alerts/evaluate/store.ts";
import { offBecauseOf } from "#server/alerts/rules/builtin.ts";
import { GROUP_TIMING, type GroupTiming } from "#server/alerts/timing.ts";
import type { Config } from "#server/config/schema.ts";
import { newAlertId } from "#server/core/ids.ts";

/** Metrics and absences are measured this often (milliseconds). */
export const MEASURE_MS = 10_000;

export interface RoundDeps {
  pool: Pool;
  config: () => Pick<Config, "logging" | "security">;
  /** The console's address. */
  origin: () => string;
  timing?: GroupTiming;
  /** The present, from the database's clock, which all servers share. */
  clock?: (databaseTime: Date) => Date;
}

export type RoundResult =
  /** Another server evaluates now. */
  | { kind: "busy" }
  /** `more`: another round has something to do at once. `nextAt`: when a notification is due (milliseconds since 1970). */
  | { kind: "done"; more: boolean; queued: number; nextAt: number | null };

export const evaluateRound = (deps: RoundDeps): Promise<RoundResult> =>
  inTransaction(deps.pool, (client) => evaluate(deps, client));

async function evaluate(deps: RoundDeps, client: PoolClient): Promise<RoundResult> {
  const { rows } = await client.query<{ seq: number; measuredAt: Date | null; now: Date }>(
    `SELECT seq, measured_at AS "measuredAt", clock_timestamp() AS now FROM alert_cursor WHERE id = 1 FOR UPDATE SKIP LOCKED`,
  );
  const [cursor] = rows;
  if (cursor === undefined) {
    return { kind: "busy" };
  }
  const now = deps.clock?.(cursor.now) ?? cursor.now;
  const { monitoring } = deps.config().security;
  const isOn = monitoring.enabled && monitoring.alerting.enabled;
  const rules = await readRules(client);
  const isMeasuring = cursor.measuredAt === null || now.getTime() - cursor.measuredAt.getTime() >= MEASURE_MS;
  const isRuleOff = (rule: StoredRule): boolean =>
    !isOn || rule.paused || offBecauseOf(rule.builtin, deps.config()) !== null;
  const live = rules.filter((rule) => !isRuleOff(rule));
  const { seq, more, touched, rules: stirred } = await ingest(client, cursor.seq, live);
  const round: Round = { client, now, touched, rules: stirred, isMeasuring };
  await evaluateAll(round, rules, isRuleOff);
  // While a backlog is read, what is behind the present is still looked at.
  if (isMeasuring && !more) {
    await forgetOld(client, live, now);
  }
  const { queued, nextAt } = await gather({
    client,
    now,
    timing: deps.timing ?? GROUP_TIMING,
    origin: deps.origin(),
  });
  await client.query(
    "UPDATE alert_cursor SET seq = $1, measured_at = CASE WHEN $2 THEN $3::timestamptz ELSE measured_at END WHERE id = 1",
    [seq, isMeasuring, now],
  );
  return { kind: "done", more, queued, nextAt };
}

async function evaluateAll(
  round: Round,
  rules: readonly StoredRule[],
  isRuleOff: (rule: StoredRule) => boolean,
): Promise<void> {
  const { client, now } = round;
  const open = await readOpenAlerts(client);
  const silences = await readActiveSilences(client, now);
  const targets = await readTargets(client);
  const newId = (): string => newAlertId(now.getTime());
  const ofRule = (id: string): OpenAlert[] => open.filter(({ ruleId }) => ruleId === id);
  for (const rule of rules) {
    const isOff = isRuleOff(rule);
    const reading = isOff ? ({ kind: "hold" } as const) : await readingOf(round, rule);
    const changes = changesOf({ rule, isOff, open: ofRule(rule.id), silences, now, newId }, reading);
    await storeAll(client, changes, isOff ? "paused" : "clear");
    await addNotices(client, rule, changes, targets, now);
    await keepHealth(round, rule, reading.kind);
  }
  // Of rules that are gone.
  const known = new Set(rules.map(({ id }) => id));
  const orphans = open.filter(({ ruleId }) => !known.has(ruleId));
  const ended = orphans.map((alert): Change => {
    const after = alert.firedAt === null ? null : { ...alert, state: "resolved" as const, resolvedAt: now };
    return { before: alert, after, notice: after === null || alert.notifiedAt === null ? null : "resolved" };
  });
  await storeAll(client, ended, "removed");
  await addNotices(client, { id: "", grouping: "rule", contactPoints: [] }, ended, targets, now);
}

async function storeAll(client: PoolClient, changes: readonly Change[], why: string): Promise<void> {
  for (const change of changes) {
    await storeChange(client, change);
  }
  await recordChanges(client, changes, why);
}

async function keepHealth(
  { client, now, isMeasuring }: Round,
  rule: StoredRule,
  kind: "read" | "hold" | "no_data",
): Promise<void> {
  const health = rule.condition === null ? "failed" : kind === "no_data" ? "no_data" : kind === "read" ? "ok" : null;
  // Every row that is written is one more version of it: the time is kept about once a minute.
  if (health !== null && isMeasuring) {
    await client.query(
      `UPDATE alert_rule SET health = $2, evaluated_at = $3
        WHERE id = $1 AND (health IS DISTINCT FROM $2 OR evaluated_at IS NULL OR evaluated_at < $3::timestamptz - interval '1 minute')`,
      [rule.id, health, now],
    );
  }
}
