/**
 * From a search to SQL that PostgreSQL answers from an index, in order of seq, however many rows there are. Pure.
 * Two things it must not be left to guess: values that decide whether a partial index fits stand in the text, and a search for several
 * events is one walk along the index per event, as a single walk for all of them could be in order only by reading every row.
 */
import { AUDIT_EVENTS, meaningOf, type AuditEventName } from "#server/audit/events.ts";
import { namesOf, type AuditSearch } from "#server/audit/filter.ts";
import { ACTOR_TYPES, type AuditSeverity } from "#server/audit/schema.ts";

export interface Conditions {
  /** Every row that fits meets exactly one of these. Empty: none fits. */
  branches: string[];
  /** And all of this. */
  where: string;
  values: unknown[];
}

/** Rows between two numbers, both included. */
export interface SeqRange {
  from: number;
  to: number;
}

/** @param range bounds known from elsewhere. @throws AppError("INVALID_INPUT") when `event` names nothing. */
export function conditionsOf(search: AuditSearch, range: Partial<SeqRange> = {}): Conditions {
  const parts: string[] = [];
  const values: unknown[] = [];
  const add = (condition: string, value: unknown): void => {
    if (value !== undefined) {
      values.push(value);
      parts.push(`${condition} $${values.length}`);
    }
  };
  const { actor, level, outcome } = search;
  add((ACTOR_TYPES as readonly (string | undefined)[]).includes(actor) ? "actor_type =" : "actor_id =", actor);
  add("user_id =", search.user);
  add("channel =", search.channel);
  add("target =", search.target);
  add("token_id =", search.tokenId);
  add("address =", search.address);
  add("request_id =", search.requestId);
  add("correlation_id =", search.correlationId);
  add("reason =", search.reason);
  add("at >=", search.since);
  add("at <", search.until);
  add("seq >=", range.from);
  add("seq <=", range.to);
  parts.push(...LEVELS[level ?? "info"], ...(outcome === undefined ? [] : OUTCOME_SQL[outcome]));
  return { branches: branchesOf(search), where: parts.join(" AND ") || "true", values };
}

/** Written as the partial indexes are. */
const LEVELS: Record<AuditSeverity, readonly string[]> = {
  info: [],
  warn: ["severity <> 'info'"],
  error: ["severity IN ('error', 'critical')"],
  critical: ["severity IN ('error', 'critical')", "severity = 'critical'"],
};

const OUTCOME_SQL = {
  ok: ["outcome = 'ok'"],
  denied: ["outcome <> 'ok'", "outcome = 'denied'"],
  failed: ["outcome <> 'ok'", "outcome = 'failed'"],
} as const;

function branchesOf(search: AuditSearch): string[] {
  const { event, kind, level } = search;
  const names = namesOf(search);
  if (names?.length === 0) {
    return [];
  }
  // Few rows have one user, target or request: they are found by that, and what they are is looked at afterwards.
  const hasSubject = [search.user, search.target, search.requestId].some((value) => value !== undefined);
  if (event === undefined && (kind === undefined || level === undefined) && level !== "critical") {
    return [kind === undefined ? "true" : `kind = '${kind}'`];
  }
  return hasSubject ? [`event IN (${(names ?? []).map(quoted).join(", ")})`] : walksOf(names ?? []);
}

/** Kinds that are wanted whole, then the single events. */
function walksOf(names: readonly AuditEventName[]): string[] {
  const all = Object.keys(AUDIT_EVENTS) as AuditEventName[];
  const kinds = [...new Set(names.map((name) => meaningOf(name).kind))].filter((kind) =>
    all.every((name) => meaningOf(name).kind !== kind || names.includes(name)),
  );
  const single = names.filter((name) => !kinds.includes(meaningOf(name).kind));
  return [...kinds.map((kind) => `kind = '${kind}'`), ...single.map((name) => `event = ${quoted(name)}`)];
}

/** Names of the catalogue hold no quotes. */
const quoted = (name: AuditEventName): string => `'${name}'`;
