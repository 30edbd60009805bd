/** Rules, open alerts and silences as one round of evaluation reads them. All of it in the round's transaction. */
import { z } from "zod";
import type { PoolClient } from "pg";
import { Condition, Matcher } from "#server/alerts/schema.ts";
import type { AlertSeverity, AlertState, Grouping, NoData } from "#server/alerts/policy.ts";

export interface StoredRule {
  id: string;
  name: string;
  builtin: string | null;
  /** Null: what is stored is no condition of this version. */
  condition: Condition | null;
  severity: AlertSeverity;
  forMs: number;
  keepFiringMs: number;
  remindMs: number | null;
  noData: NoData;
  grouping: Grouping;
  contactPoints: string[];
  paused: boolean;
  health: string | null;
  /** Since when it is as it is. */
  updatedAt: Date;
}

export async function readRules(client: PoolClient): Promise<StoredRule[]> {
  const { rows } = await client.query<Omit<StoredRule, "condition"> & { condition: unknown }>(
    `SELECT id, name, builtin, condition, severity, for_ms AS "forMs", keep_firing_ms AS "keepFiringMs", remind_ms AS "remindMs",
            no_data AS "noData", grouping, contact_points AS "contactPoints", paused, health, updated_at AS "updatedAt"
       FROM alert_rule ORDER BY id`,
  );
  return rows.map((row) => ({ ...row, condition: Condition.safeParse(row.condition).data ?? null }));
}

export interface OpenAlert {
  id: string;
  ruleId: string;
  ruleName: string;
  subject: string;
  severity: AlertSeverity;
  state: AlertState;
  value: number | null;
  summary: string;
  firstSeq: number | null;
  lastSeq: number | null;
  startedAt: Date;
  firedAt: Date | null;
  clearSince: Date | null;
  resolvedAt: Date | null;
  notifiedAt: Date | null;
  silencedBy: string | null;
  flaps: number;
  acknowledgedAt: Date | null;
}

export async function readOpenAlerts(client: PoolClient): Promise<OpenAlert[]> {
  const { rows } = await client.query<OpenAlert>(
    `SELECT id, rule_id AS "ruleId", rule_name AS "ruleName", subject, severity, state, value, summary, first_seq AS "firstSeq",
            last_seq AS "lastSeq", started_at AS "startedAt", fired_at AS "firedAt", clear_since AS "clearSince", resolved_at AS "resolvedAt",
            notified_at AS "notifiedAt", silenced_by AS "silencedBy", flaps, acknowledged_at AS "acknowledgedAt"
       FROM alert WHERE state <> 'resolved' ORDER BY started_at FOR UPDATE`,
  );
  return rows;
}

export interface ActiveSilence {
  id: string;
  matchers: Matcher[];
}

export async function readActiveSilences(client: PoolClient, now: Date): Promise<ActiveSilence[]> {
  const { rows } = await client.query<{ id: string; matchers: unknown }>(
    "SELECT id, matchers FROM alert_silence WHERE starts_at <= $1 AND ends_at > $1 ORDER BY id",
    [now],
  );
  // What cannot be read silences nothing.
  return rows.map(({ id, matchers }) => ({ id, matchers: z.array(Matcher).safeParse(matchers).data ?? [] }));
}

/** Where notifications can go now. */
export interface Target {
  id: string;
  receivesAll: boolean;
  /** Takes one alert at a time. */
  single: boolean;
}

export async function readTargets(client: PoolClient): Promise<Target[]> {
  const { rows } = await client.query<Target>(
    `SELECT id, receives_all AS "receivesAll", coalesce(settings->>'format' = 'pagerduty', false) AS single
       FROM contact_point WHERE enabled ORDER BY id`,
  );
  return rows;
}
