/** Rules as they are shown, with what their alerts are doing. */
import { offBecauseOf } from "#server/alerts/rules/builtin.ts";
import type { Rule } from "#server/alerts/schema.ts";
import { Condition } from "#server/alerts/schema.ts";
import type { Config } from "#server/config/schema.ts";
import type { Db } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";

export interface RuleDeps {
  db: Db;
  config: { current(): { config: Pick<Config, "logging" | "security"> } };
}

type Row = Awaited<ReturnType<Db["alertRule"]["findMany"]>>[number];

export async function listRules({ db, config }: RuleDeps): Promise<Rule[]> {
  const [rows, counts] = await Promise.all([db.alertRule.findMany({ orderBy: { name: "asc" } }), countOpen(db)]);
  return rows.flatMap((row) => {
    const rule = ruleOf(row, config.current().config, counts);
    return rule === null ? [] : [rule];
  });
}

/** @throws AppError NOT_FOUND */
export async function getRule({ db, config }: RuleDeps, id: string): Promise<Rule> {
  const [row, counts] = await Promise.all([db.alertRule.findUnique({ where: { id } }), countOpen(db)]);
  const rule = row === null ? null : ruleOf(row, config.current().config, counts);
  if (rule === null) {
    throw new AppError("NOT_FOUND", "There is no alert rule with this id. It may have been removed.");
  }
  return rule;
}

type Counts = ReadonlyMap<string, { firing: number; pending: number }>;

async function countOpen(db: Db): Promise<Counts> {
  const groups = await db.alert.groupBy({
    by: ["ruleId", "state"],
    where: { state: { not: "resolved" } },
    _count: { _all: true },
  });
  const counts = new Map<string, { firing: number; pending: number }>();
  for (const { ruleId, state, _count } of groups) {
    const count = counts.get(ruleId) ?? { firing: 0, pending: 0 };
    count[state === "pending" ? "pending" : "firing"] += _count._all;
    counts.set(ruleId, count);
  }
  return counts;
}

function ruleOf(row: Row, config: Pick<Config, "logging" | "security">, counts: Counts): Rule | null {
  const condition = Condition.safeParse(row.condition).data;
  if (condition === undefined) {
    return null;
  }
  const { severity, noData, grouping, health, ...rest } = row;
  // Checked by the table.
  return {
    ...rest,
    condition,
    severity: severity as Rule["severity"],
    noData: noData as Rule["noData"],
    grouping: grouping as Rule["grouping"],
    health: health as Rule["health"],
    offBecause: monitoringOff(config) ?? offBecauseOf(row.builtin, config),
    ...(counts.get(row.id) ?? { firing: 0, pending: 0 }),
  };
}

function monitoringOff({ security: { monitoring } }: Pick<Config, "security">): string | null {
  if (!monitoring.enabled) {
    return "security.monitoring.enabled";
  }
  return monitoring.alerting.enabled ? null : "security.monitoring.alerting.enabled";
}
