/** What a search's text asks of the record. Pure, browser-safe; the server reads the same text again and trusts only that. */
import { AUDIT_EVENTS, isAuditEvent, meaningOf } from "#server/audit/events.ts";
import type { AuditSearch } from "#server/audit/filter.ts";
import {
  AUDIT_KINDS,
  OUTCOMES,
  SECURITY_KINDS,
  SEVERITIES,
  type AuditKind,
  type AuditOutcome,
  type AuditSeverity,
} from "#server/audit/schema.ts";
import { intersect, parseAge, parseCreated, type Span } from "#server/audit/search/times.ts";
import {
  formatTerm,
  nearest,
  parseTerms,
  type ParsedQuery,
  type Placed,
  type Problem,
  type Qualifier,
  type Term,
} from "#server/audit/search/terms.ts";

export interface ReadQuery extends ParsedQuery {
  /** Of the terms that are well-formed. */
  search: AuditSearch;
}

export const KINDS: readonly AuditKind[] = [...AUDIT_KINDS, ...SECURITY_KINDS];

const EVENT_NAMES = Object.keys(AUDIT_EVENTS);
/** What `event:` can begin with. */
const EVENT_WORDS = [...EVENT_NAMES, ...KINDS, ...new Set(EVENT_NAMES.map((name) => `${name.split(".")[0] ?? ""}.`))];

/** The member of the search behind each qualifier that takes any text. */
const PLAIN = {
  user: "user",
  actor: "actor",
  channel: "channel",
  reason: "reason",
  run: "target",
  target: "target",
  token: "tokenId",
  address: "address",
  request: "requestId",
  correlation: "correlationId",
} as const satisfies Partial<Record<Qualifier, keyof AuditSearch>>;

const isPlain = (qualifier: Qualifier): qualifier is keyof typeof PLAIN => Object.hasOwn(PLAIN, qualifier);

/** @param nowMs what `since:` is counted back from. */
export function readQuery(text: string, nowMs: number): ReadQuery {
  const { terms, problems } = parseTerms(text);
  const reading: Reading = { search: {}, span: {}, problems, nowMs };
  for (const term of terms) {
    take(term, reading);
  }
  const { search, span } = reading;
  if (span.sinceMs !== undefined) {
    search.since = new Date(span.sinceMs);
  }
  if (span.untilMs !== undefined) {
    search.until = new Date(span.untilMs);
  }
  if ((span.sinceMs ?? -Infinity) >= (span.untilMs ?? Infinity)) {
    problems.push({ message: "The times leave nothing between them.", instead: [], start: 0, end: text.length });
  }
  return { terms, problems, search };
}

interface Reading {
  search: AuditSearch;
  span: Span;
  problems: Problem[];
  nowMs: number;
}

function take(term: Term & Placed, reading: Reading): void {
  const { qualifier, value, start, end } = term;
  const { search, problems, nowMs } = reading;
  const report = (message: string, values: readonly string[] = []): void => {
    const instead = values.map((other) => formatTerm({ qualifier, value: other }));
    problems.push({ message, instead, start, end });
  };
  const choose = <Word extends string>(words: readonly Word[]): Word | undefined => {
    const chosen = words.find((word) => word === value.toLowerCase());
    if (chosen === undefined) {
      const near = nearest(value.toLowerCase(), words);
      report(`“${value}” is no ${qualifier}.`, near.length > 0 ? near : words.slice(0, MOST_WORDS));
    }
    return chosen;
  };
  const span = (found: Span | null, hint: string): void => {
    if (found === null) {
      report(`“${value}” is no time. Write ${hint}.`);
    } else {
      reading.span = intersect(reading.span, found);
    }
  };

  if (isPlain(qualifier)) {
    const member = PLAIN[qualifier];
    if (search[member] === undefined) {
      search[member] = value.trim();
    } else {
      report(`“${qualifier}:” is asked for twice. Nothing can be both: leave one out.`);
    }
    return;
  }
  switch (qualifier) {
    case "since": {
      const age = parseAge(value.toLowerCase());
      span(age === null ? null : { sinceMs: nowMs - age }, "15m, 1h, 7d or 4w");
      return;
    }
    case "created":
      span(parseCreated(value), ">2026-11-01, 2026-11-01..2026-11-03 or a time such as >=2026-11-01T08:30Z (UTC)");
      return;
    case "event":
      takeEvent(value, search, report);
      return;
    case "outcome":
      setOnce(search, "outcome", choose<AuditOutcome>(OUTCOMES), report);
      return;
    case "severity":
      setOnce(search, "level", choose<AuditSeverity>(SEVERITIES), report);
      return;
    case "kind":
      setOnce(search, "kind", choose<AuditKind>(KINDS), report);
  }
}

const MOST_WORDS = 4;

type Report = (message: string, values?: readonly string[]) => void;

function setOnce<Name extends "outcome" | "level" | "kind">(
  search: AuditSearch,
  name: Name,
  value: AuditSearch[Name],
  report: Report,
): void {
  if (value !== undefined && search[name] !== undefined) {
    report("This is asked for twice. Nothing can be both: leave one out.");
    return;
  }
  search[name] = value ?? search[name];
}

function takeEvent(value: string, search: AuditSearch, report: Report): void {
  const beginning = value.trim().replace(/\*$/, "");
  if (search.event !== undefined) {
    report("“event:” is asked for twice. Nothing can be both: leave one out.");
  } else if (beginning === "") {
    report("“event:” needs the beginning of a name.", EVENT_WORDS.slice(0, MOST_WORDS));
  } else if (EVENT_NAMES.some((name) => name.startsWith(beginning) || kindOf(name).startsWith(beginning))) {
    search.event = beginning;
  } else {
    report(`No event or kind begins with “${beginning}”.`, nearest(beginning, EVENT_WORDS));
  }
}

const kindOf = (name: string): string => (isAuditEvent(name) ? meaningOf(name).kind : "");
