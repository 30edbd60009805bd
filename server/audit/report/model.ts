/** From facts to the report that every format shows: sentences, charts and tables. Pure. */
import { canonicalJson } from "#server/audit/canonical-json.ts";
import type { AuditEntry } from "#server/audit/reading/query.ts";
import { attentionOf } from "#server/audit/report/attention.ts";
import type { Chart, Group, Report, ReportFacts, Section, Table } from "#server/audit/report/schema.ts";
import {
  changeOf,
  countOf,
  digits,
  kindOf,
  minute,
  ofEvent,
  ofGroup,
  ofKind,
  ofSeverity,
  type Chooser,
} from "#server/audit/report/totals.ts";
import { HOUR_MS } from "#server/audit/reading/tally.ts";

export function buildReport(facts: ReportFacts): Report {
  const { since, until } = facts.period;
  return {
    title: "OpenClaw Gateway security report",
    period: `${minute(since)} to ${minute(until)}`,
    attention: attentionOf(facts),
    sections: [
      totals(facts),
      overTime(facts),
      authentication(facts),
      section("denials", "Denials", [
        grouped(
          "Who was denied what",
          ["Who", "Event", "Reason", "Rule"],
          facts.denials,
          "Nobody was denied anything.",
        ),
      ]),
      section("limits", "Rate limits", [
        grouped("Limits that were reached", ["Who", "Reason", "Rule"], facts.limits, "No limit was reached."),
      ]),
      runs(facts),
      section("incidents", "Sandbox incidents", [entries("Newest first", facts.incidents, "No incident.")]),
      section("files", "Files", [
        grouped("What happened to files", ["Event", "Reason"], facts.fileEvents, "No file was read or refused."),
      ]),
      tokens(facts),
      section("changes", "Configuration changes", [
        entries("Newest first", facts.changes.filter(isChange), "Nothing was changed."),
      ]),
      section("critical", "Critical events", [entries("Newest first", facts.critical, "None.")]),
      section("errors", "Errors", [grouped("What failed", ["Event", "Reason"], facts.errors, "Nothing failed.")]),
      integrity(facts),
    ],
    footer: `Made at ${minute(facts.generatedAt)} from the audit record up to row ${digits(facts.integrity.head)}. Times are in UTC and periods in whole hours.`,
  };
}

const section = (id: string, title: string, tables: Table[], more: Partial<Section> = {}): Section => ({
  id,
  title,
  lines: [],
  charts: [],
  tables,
  ...more,
});

const TOTALS: readonly [label: string, chosen: Chooser][] = [
  ["All events", () => true],
  ["Warnings", ofSeverity("warn")],
  ["Errors", ofSeverity("error")],
  ["Critical", ofSeverity("critical")],
  ["Messages received", ofEvent("message.received")],
  ["Runs ended", ofEvent("run.ended")],
  ["Failed authentications", ofKind("authentication_failure")],
  ["Denials", ofKind("authorization_denied")],
  ["Limits reached", ofKind("rate_limit_exceeded")],
  ["Suspicious events", ofKind("suspicious_activity")],
  ["Sandbox escapes", ofKind("sandbox_escape")],
  ["Configuration changes", ofKind("config_changes")],
];

function totals({ buckets, bucketsBefore, before }: ReportFacts): Section {
  const rows = TOTALS.map(([label, chosen]) => {
    const [count, earlier] = [countOf(buckets, chosen), countOf(bucketsBefore, chosen)];
    return [label, count, earlier, changeOf(count, earlier)];
  });
  const kinds = [...new Set([...buckets, ...bucketsBefore].map(({ event }) => kindOf(event)))].sort();
  const points = kinds.map((kind) => ({ label: kind, values: [countOf(buckets, ofKind(kind))] }));
  return section("totals", "Totals", [{ title: "", columns: ["", "Count", "Before", "Change"], rows, empty: "" }], {
    lines: [
      `Before: ${minute(before.since)} to ${minute(before.until)}. A record that stands for several refusals counts once here, and as many as they were below.`,
    ],
    charts: points.length === 0 ? [] : [{ id: "kinds", title: "Events by kind", series: ["events"], points }],
  });
}

const SEVERITIES = ["info", "warn", "error", "critical"] as const;

function overTime(facts: ReportFacts): Section {
  const starts: number[] = [];
  for (let start = facts.period.since.getTime(); start < facts.period.until.getTime();) {
    starts.push(start);
    start += facts.bucketHours * HOUR_MS;
  }
  const chart = (id: string, title: string, severities: readonly (typeof SEVERITIES)[number][]): Chart => ({
    id,
    title,
    series: [...severities],
    points: starts.map((start) => {
      const inBucket = facts.buckets.filter(({ startMs }) => startMs === start);
      return {
        label: new Date(start)
          .toISOString()
          .slice(0, facts.bucketHours < 24 ? 16 : 10)
          .replace("T", " "),
        values: severities.map((severity) => countOf(inBucket, ofSeverity(severity))),
      };
    }),
  });
  return section("time", "Events over time", [], {
    lines: [`One bar for ${facts.bucketHours === 1 ? "each hour" : `every ${facts.bucketHours} hours`}.`],
    charts: [
      chart("all", "All events by severity", SEVERITIES),
      chart("grave", "Warnings and graver", SEVERITIES.slice(1)),
    ],
  });
}

function authentication({ failuresByReason, failuresByAddress }: ReportFacts): Section {
  return section("authentication", "Failed authentications", [
    grouped("By reason", ["Event", "Reason"], failuresByReason, "No authentication failed."),
    grouped("By address", ["Address"], failuresByAddress, "No authentication failed."),
  ]);
}

function runs({ runEnds, buckets }: ReportFacts): Section {
  const refused = countOf(buckets, ofEvent("run.refused"));
  return section("runs", "Runs", [grouped("How runs ended", ["Outcome", "Reason"], runEnds, "No run ended.")], {
    lines: refused === 0 ? [] : [`Refused before they began: ${digits(refused)}.`],
  });
}

const TOKEN_EVENTS: readonly [string, string][] = [
  ["Created", "token.created"],
  ["Rotated", "token.rotated"],
  ["Refreshed", "token.refreshed"],
  ["Revoked", "token.revoked"],
  ["Refused", "token.refused"],
  ["Used again after replacement", "token.reuse_detected"],
];

function tokens({ buckets, tokens: newest }: ReportFacts): Section {
  const rows = TOKEN_EVENTS.map(([label, event]) => [label, countOf(buckets, ofEvent(event))]);
  return section("tokens", "Tokens", [
    { title: "", columns: ["", "Count"], rows, empty: "" },
    entries("Newest changes first", newest, "No token was changed."),
  ]);
}

/** Tokens have a section of their own; starts and loads change nothing. */
const isChange = ({ event }: AuditEntry): boolean =>
  !ofGroup("token.")({ event, startMs: 0, outcome: "", count: 0 }) &&
  !["system.started", "system.stopped", "config.loaded", "audit.exported"].includes(event);

function integrity({ integrity: facts, buckets }: ReportFacts): Section {
  const failed = countOf(buckets, ofEvent("audit.integrity_failed"));
  const { head, headHash, checkpoint, removals, waiting } = facts;
  const lines = [
    `Head: row ${digits(head)}${headHash === null ? "" : `, hash ${headHash}`}.`,
    checkpoint === null
      ? "Checkpoints: none yet."
      : `Last checkpoint: ${digits(checkpoint.rows)} rows, signed at ${minute(checkpoint.signedAt)}.`,
    `Waiting for the sealer: ${waiting === 1 ? "1 batch" : `${digits(waiting)} batches`}.`,
    `Failed checks in this period: ${digits(failed)}. This report does not verify the record: openclaw security verify-audit does.`,
  ];
  const rows = removals.map(({ upTo, removedAt }) => [minute(removedAt), upTo]);
  return section(
    "integrity",
    "Integrity of the record",
    [{ title: "Removals by retention", columns: ["When", "Rows up to"], rows, empty: "No row was ever removed." }],
    { lines },
  );
}

function grouped(title: string, columns: string[], groups: readonly Group[], empty: string): Table {
  return {
    title,
    columns: [...columns, "Count", "Last"],
    rows: groups.map(({ values, count, last }) => [...values.map((value) => value ?? "–"), count, last]),
    empty,
  };
}

/** Characters of an event's data that are shown. */
const MAX_DATA = 120;

function entries(title: string, shown: readonly AuditEntry[], empty: string): Table {
  return {
    title,
    columns: ["When", "Event", "Outcome", "Who", "Target", "Details"],
    rows: shown.map((entry) => [
      entry.at,
      entry.event,
      entry.outcome,
      `${entry.actorType}:${entry.actorId}`,
      entry.target ?? "–",
      detailsOf(entry),
    ]),
    empty,
  };
}

function detailsOf({ reason, data }: AuditEntry): string {
  const text = Object.keys(data).length === 0 ? "" : canonicalJson(data);
  const short = text.length <= MAX_DATA ? text : `${text.slice(0, MAX_DATA - 1).toWellFormed()}…`;
  return [reason, short].filter((part) => part !== undefined && part !== "").join(" ");
}
