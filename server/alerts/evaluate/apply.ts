/** One rule's readings, put through the state machine: what changes of its alerts, and what is to be told. Pure. */
import type { ActiveSilence, OpenAlert, StoredRule } from "#server/alerts/evaluate/rows.ts";
import type { Met, Reading } from "#server/alerts/evaluate/readings.ts";
import { noticeOf, step, type Episode, type NoticeKind, type Signal } from "#server/alerts/machine.ts";
import { fitsAll } from "#server/alerts/matching.ts";
import { MAX_SUBJECTS } from "#server/alerts/policy.ts";
import { summaryOf } from "#server/alerts/summary.ts";

export interface Change {
  before: OpenAlert | null;
  /** Null = it never came to anything, and goes. */
  after: OpenAlert | null;
  notice: NoticeKind | null;
}

export interface RuleFacts {
  rule: StoredRule;
  /** Off by itself or by the configuration. */
  isOff: boolean;
  open: readonly OpenAlert[];
  silences: readonly ActiveSilence[];
  now: Date;
  newId: () => string;
}

/** What the missing of all measurements comes to. */
function metOf(rule: StoredRule, reading: Reading): { met: Met[]; rest: Signal } {
  if (reading.kind === "read") {
    return { met: reading.met, rest: "clear" };
  }
  if (reading.kind === "hold" || rule.noData === "keep") {
    return { met: [], rest: "hold" };
  }
  return rule.noData === "alert" ? { met: [{ subject: "", value: null }], rest: "hold" } : { met: [], rest: "clear" };
}

/** The subjects whose alerts change, with what of them changes. At most `MAX_SUBJECTS` are open; those that are met most come first. */
export function changesOf(facts: RuleFacts, reading: Reading): Change[] {
  const { rule, isOff, open } = facts;
  const { met, rest } = isOff ? { met: [], rest: "paused" as const } : metOf(rule, reading);
  const bySubject = new Map(met.map((one) => [one.subject, one]));
  const known = new Set(open.map(({ subject }) => subject));
  const begun = met.filter(({ subject }) => !known.has(subject)).slice(0, Math.max(0, MAX_SUBJECTS - open.length));
  return [
    ...open.map((alert) => changeOf(facts, alert, bySubject.get(alert.subject) ?? null, rest)),
    ...begun.map((one) => changeOf(facts, null, one, "met")),
  ].filter(({ before, after, notice }) => before !== after || notice !== null);
}

function changeOf(facts: RuleFacts, alert: OpenAlert | null, met: Met | null, rest: Signal): Change {
  const { rule, silences, now, newId } = facts;
  const before = alert === null ? null : episodeOf(alert);
  const next = step(before, met === null ? rest : "met", rule, now.getTime());
  if (next === null) {
    return { before: alert, after: null, notice: null };
  }
  const subject = alert?.subject ?? met?.subject ?? "";
  const { name, severity, condition } = rule;
  const labels = { rule: name, severity, subject, condition: condition?.type ?? "event" };
  const silencedBy = silences.find(({ matchers }) => fitsAll(matchers, labels))?.id ?? null;
  const { remindMs } = rule;
  const notice = noticeOf(next, { remindMs, silenced: silencedBy !== null, now: now.getTime() });
  const base = alert ?? begin(facts, newId(), subject);
  const seen = met === null || condition === null ? {} : seenOf(base, met, summaryOf(condition, met.value));
  const after = {
    ...base,
    ...seen,
    ...columnsOf(next),
    ...(notice === "fired" || notice === "reminded" ? { notifiedAt: now } : {}),
    silencedBy,
  };
  return { before: alert, after: alert !== null && isSame(alert, after) ? alert : after, notice };
}

const begin = ({ rule, now }: RuleFacts, id: string, subject: string): OpenAlert => ({
  id,
  ruleId: rule.id,
  ruleName: rule.name,
  subject,
  severity: rule.severity,
  state: "pending",
  value: null,
  summary: "",
  firstSeq: null,
  lastSeq: null,
  startedAt: now,
  firedAt: null,
  clearSince: null,
  resolvedAt: null,
  notifiedAt: null,
  silencedBy: null,
  flaps: 0,
  acknowledgedAt: null,
});

const seenOf = (base: OpenAlert, { value, firstSeq, lastSeq }: Met, summary: string) => ({
  value,
  summary,
  firstSeq: base.firstSeq ?? firstSeq ?? null,
  lastSeq: lastSeq ?? base.lastSeq,
});

const ms = (time: Date | null): number | null => time?.getTime() ?? null;
const date = (time: number | null): Date | null => (time === null ? null : new Date(time));

const episodeOf = (alert: OpenAlert): Episode => ({
  state: alert.state,
  startedAt: alert.startedAt.getTime(),
  firedAt: ms(alert.firedAt),
  clearSince: ms(alert.clearSince),
  resolvedAt: ms(alert.resolvedAt),
  notifiedAt: ms(alert.notifiedAt),
  flaps: alert.flaps,
  acknowledged: alert.acknowledgedAt !== null,
});

const columnsOf = ({ state, startedAt, firedAt, clearSince, resolvedAt, notifiedAt, flaps }: Episode) => ({
  state,
  startedAt: new Date(startedAt),
  firedAt: date(firedAt),
  clearSince: date(clearSince),
  resolvedAt: date(resolvedAt),
  notifiedAt: date(notifiedAt),
  flaps,
});

const isSame = (one: OpenAlert, other: OpenAlert): boolean =>
  (Object.keys(one) as (keyof OpenAlert)[]).every((key) => {
    const [a, b] = [one[key], other[key]];
    return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;
  });
