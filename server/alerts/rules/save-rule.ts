/** Makes, changes, pauses and removes rules. Each with its record in one transaction. */
import { announceAlerts } from "#server/alerts/announce.ts";
import { eventNames, meansNothing } from "#server/alerts/matching.ts";
import { RuleDraft } from "#server/alerts/schema.ts";
import { conditionText, spanText } from "#server/alerts/summary.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { Db, Tx } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { AppError } from "#server/core/errors.ts";
import { newAlertRuleId } from "#server/core/ids.ts";
import { METRICS } from "#server/metrics/schema.ts";

const MOST_RULES = 200;

/** @throws AppError INVALID_INPUT naming the field, CONFLICT for a name that is taken or too many rules */
export async function createRule(db: Db, actor: Actor, draft: RuleDraft): Promise<{ id: string }> {
  refuseMeaningless(draft);
  const id = newAlertRuleId();
  await withTx(db, async (tx) => {
    await lockRules(tx);
    if ((await tx.alertRule.count()) >= MOST_RULES) {
      throw new AppError("CONFLICT", `There can be ${MOST_RULES} rules. Remove one that is not needed.`);
    }
    await refuseTaken(tx, draft.name, null);
    await refuseUnknownPoints(tx, draft);
    await tx.alertRule.create({ data: { id, ...draft, updatedBy: actorText(actor) } });
    await announceAlerts(tx);
    await record(tx, actor, id, "created", { name: draft.name, before: null, after: ruleText(draft) });
  });
  return { id };
}

/** @throws AppError INVALID_INPUT, NOT_FOUND, CONFLICT when somebody else has changed it since `version` */
export async function updateRule(
  db: Db,
  actor: Actor,
  { id, version, rule }: { id: string; version: number; rule: RuleDraft },
): Promise<void> {
  refuseMeaningless(rule);
  await withTx(db, async (tx) => {
    await lockRules(tx);
    const before = await find(tx, id);
    if (before.version !== version) {
      throw new AppError(
        "CONFLICT",
        `"${before.name}" was changed by ${before.updatedBy} meanwhile. Look at it again.`,
      );
    }
    await refuseTaken(tx, rule.name, id);
    await refuseUnknownPoints(tx, rule);
    await tx.alertRule.update({
      where: { id },
      data: { ...rule, version: version + 1, updatedAt: new Date(), updatedBy: actorText(actor) },
    });
    // Its alerts were those of another condition.
    if (JSON.stringify(before.condition) !== JSON.stringify(rule.condition)) {
      await tx.alertMatch.deleteMany({ where: { ruleId: id } });
    }
    await announceAlerts(tx);
    const was = RuleDraft.safeParse(draftOf(before)).data;
    await record(tx, actor, id, "changed", {
      name: rule.name,
      before: was === undefined ? null : ruleText(was),
      after: ruleText(rule),
    });
  });
}

/** @throws AppError NOT_FOUND */
export async function pauseRule(db: Db, actor: Actor, id: string, paused: boolean): Promise<void> {
  await withTx(db, async (tx) => {
    await lockRules(tx);
    const before = await find(tx, id);
    if (before.paused !== paused) {
      await tx.alertRule.update({
        where: { id },
        data: { paused, version: before.version + 1, updatedAt: new Date(), updatedBy: actorText(actor) },
      });
      await announceAlerts(tx);
      await record(tx, actor, id, paused ? "paused" : "resumed", { name: before.name, before: null, after: null });
    }
  });
}

/** Its open alerts end with the next round. @throws AppError NOT_FOUND, CONFLICT for a rule that comes with the product */
export async function deleteRule(db: Db, actor: Actor, id: string): Promise<void> {
  await withTx(db, async (tx) => {
    await lockRules(tx);
    const before = await find(tx, id);
    if (before.builtin !== null) {
      throw new AppError("CONFLICT", `"${before.name}" comes with the gateway: pause it instead.`);
    }
    await tx.alertRule.delete({ where: { id } });
    await announceAlerts(tx);
    const was = RuleDraft.safeParse(draftOf(before)).data;
    await record(tx, actor, id, "removed", {
      name: before.name,
      before: was === undefined ? null : ruleText(was),
      after: null,
    });
  });
}

type Row = NonNullable<Awaited<ReturnType<Tx["alertRule"]["findUnique"]>>>;

async function find(tx: Tx, id: string): Promise<Row> {
  const row = await tx.alertRule.findUnique({ where: { id } });
  if (row === null) {
    throw new AppError("NOT_FOUND", "There is no alert rule with this id. It may have been removed.");
  }
  return row;
}

const lockRules = (tx: Tx): Promise<number> =>
  tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended('alert-rules', 0))`;

async function refuseTaken(tx: Tx, name: string, except: string | null): Promise<void> {
  const taken = await tx.alertRule.findFirst({
    where: { name: { equals: name, mode: "insensitive" } },
    select: { id: true },
  });
  if (taken !== null && taken.id !== except) {
    throw new AppError("CONFLICT", `name: there is a rule called "${name}" already. Choose another name.`);
  }
}

async function refuseUnknownPoints(tx: Tx, { contactPoints }: RuleDraft): Promise<void> {
  const known = await tx.contactPoint.findMany({ where: { id: { in: contactPoints } }, select: { id: true } });
  const missing = contactPoints.find((id) => !known.some((point) => point.id === id));
  if (missing !== undefined) {
    throw new AppError("INVALID_INPUT", `contactPoints: there is no contact point "${missing}".`);
  }
}

/** A rule that can never fire is a protection that somebody believes in. */
function refuseMeaningless({ condition }: RuleDraft): void {
  const match =
    condition.type === "event"
      ? condition.match
      : condition.type === "absence" && condition.of.kind === "event"
        ? condition.of.match
        : null;
  if (match !== null) {
    const unknown = match.events.find(meansNothing);
    if (unknown !== undefined) {
      throw new AppError("INVALID_INPUT", `condition.match.events: the record knows no event "${unknown}".`);
    }
    if (eventNames(match).length === 0) {
      throw new AppError("INVALID_INPUT", "condition.match: no event is of this kind and severity.");
    }
  }
  const metric =
    condition.type === "metric"
      ? condition.metric
      : condition.type === "anomaly"
        ? condition.metric
        : condition.type === "absence" && condition.of.kind === "metric"
          ? condition.of.metric
          : null;
  if (metric !== null && !Object.hasOwn(METRICS, metric)) {
    throw new AppError(
      "INVALID_INPUT",
      `condition.metric: "${metric}" is not measured. Known: ${Object.keys(METRICS).join(", ")}.`,
    );
  }
}

/** Throws what `createRule` would of the draft itself; for previews. */
export { refuseMeaningless as checkDraft };

const draftOf = ({
  name,
  description,
  condition,
  severity,
  forMs,
  keepFiringMs,
  remindMs,
  noData,
  grouping,
  contactPoints,
}: Row) => ({
  name,
  description,
  condition,
  severity,
  forMs,
  keepFiringMs,
  remindMs,
  noData,
  grouping,
  contactPoints,
});

function ruleText(rule: RuleDraft): string {
  const { condition, severity, forMs, keepFiringMs, remindMs, noData, grouping, contactPoints } = rule;
  const parts = [
    conditionText(condition),
    `for ${spanText(forMs)}`,
    severity,
    `resolved after ${spanText(keepFiringMs)}`,
    remindMs === null ? "no reminder" : `reminder every ${spanText(remindMs)}`,
    `no data: ${noData}`,
    `grouped by ${grouping}`,
    `to ${["everybody", ...contactPoints].join(", ")}`,
  ];
  return parts.join("; ").slice(0, 900);
}

const actorText = ({ type, id }: Actor): string => `${type}:${id}`;

interface RuleChange {
  name: string;
  before: string | null;
  after: string | null;
}

const record = (tx: Tx, actor: Actor, target: string, reason: string, data: RuleChange): Promise<void> =>
  recordEvents(tx, [{ event: "alert.rule_changed", outcome: "ok", actor, target, reason, data: { ...data } }]);
