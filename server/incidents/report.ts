/** The post-incident report: what happened, what was locked, what was cut and how fast, and what is still open. Pure. */
import { reportHtml, reportMarkdown, reportText } from "#server/audit/index.ts";
import type { Attention, Report, Section, Table } from "#server/audit/report/schema.ts";
import { countsText, nameOfLock, type IncidentReportFormat } from "#server/incidents/policy.ts";
import type { Contact, CutCounts, IncidentDetail, LockView, TimelineEntry } from "#server/incidents/schema.ts";

export interface ReportInput {
  incident: IncidentDetail;
  contacts: readonly Contact[];
  generatedAt: Date;
}

export function renderIncident(input: ReportInput, format: IncidentReportFormat): string {
  switch (format) {
    case "text":
      return reportText(incidentReport(input));
    case "md":
      return reportMarkdown(incidentReport(input));
    case "html":
      return reportHtml(incidentReport(input));
    case "json":
      return `${JSON.stringify({ format: "openclaw-incident-report/1", ...input }, null, 2)}\n`;
  }
}

const utc = (at: Date): string => `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
const DRILL = "DRILL: this was an exercise.";

function incidentReport({ incident, contacts, generatedAt }: ReportInput): Report {
  const { title, drill, openedAt, closedAt, timeline, locks, timelineCut } = incident;
  const facts: [string, string][] = [
    ["Severity", incident.severity],
    ["Led by", incident.commander],
    ["Opened", `${utc(openedAt)} by ${incident.openedBy}`],
    ["Closed", closedAt === null ? "still open" : `${utc(closedAt)} by ${incident.closedBy ?? "unknown"}`],
    ["About", incident.subjects.length === 0 ? "everything" : incident.subjects.join(", ")],
  ];
  return {
    title: `${drill ? "Drill" : "Incident"}: ${title}`,
    period: `${utc(openedAt)} to ${closedAt === null ? "now" : utc(closedAt)}`,
    attention: attentionOf(incident),
    sections: [
      section(
        "summary",
        "Summary",
        [{ title: "", columns: ["", ""], rows: facts, empty: "" }],
        [...(drill ? [DRILL] : []), ...linesOf(incident.conclusion)],
      ),
      section(
        "plan",
        "Plan and communication",
        [],
        incident.plan === "" ? ["None was written."] : linesOf(incident.plan),
      ),
      section("locks", "Locks", [lockTable(locks)]),
      section("cut", "What was cut", [cutTable(locks)], [totalsOf(locks)]),
      section("notes", "Notes", [], linesOfNotes(timeline.filter(({ isNote }) => isNote))),
      section(
        "timeline",
        "Timeline",
        [
          {
            title: "",
            columns: ["When", "What", "Who", "About", "Row"],
            rows: timeline.map(({ at, what, who, text, seq }) => [utc(at), what, who, text, seq ?? "note"]),
            empty: "Nothing is on record for this time.",
          },
        ],
        timelineCut
          ? ["The record holds more for this time; the newest events are shown. The audit log has all of them."]
          : [],
      ),
      section("contacts", "Contacts", [
        {
          title: "",
          columns: ["Name", "Role", "E-mail", "Telephone"],
          rows: contacts.map(({ name, role, email, phone }) => [name, role, email ?? "", phone ?? ""]),
          empty: "None are configured (security.incident.contacts).",
        },
      ]),
    ],
    footer: `Made at ${utc(generatedAt)} from incident ${incident.id}. Rows are numbers in the audit record, which proves them.`,
  };
}

const section = (id: string, title: string, tables: Table[], lines: string[] = []): Section => ({
  id,
  title,
  lines,
  charts: [],
  tables,
});

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line.trim() !== "");

const linesOfNotes = (notes: readonly TimelineEntry[]): string[] =>
  notes.length === 0
    ? ["None."]
    : notes.map(({ at, what, who, text }) => `${utc(at)} ${what} by ${who}: ${text.replaceAll("\n", " / ")}`);

function attentionOf({ closedAt, locks, timeline, conclusion }: IncidentDetail): Attention[] {
  const held = locks.filter(({ endedAt, drill }) => endedAt === null && !drill);
  return [
    ...(closedAt === null ? [{ urgency: "now" as const, text: "The incident is still open." }] : []),
    ...held.map((lock) => ({
      urgency: "soon" as const,
      text: `Still locked: ${nameOfLock(lock)}${lock.expiresAt === null ? "" : ` until ${utc(lock.expiresAt)}`}.`,
    })),
    ...timeline
      .filter(({ isNote, what }) => isNote && what === "question")
      .map(({ text }) => ({ urgency: "soon" as const, text: `Open question: ${text}` })),
    ...(closedAt !== null && conclusion === ""
      ? [{ urgency: "note" as const, text: "It was closed without a conclusion." }]
      : []),
  ];
}

const lockTable = (locks: readonly LockView[]): Table => ({
  title: "",
  columns: ["What", "Set", "By", "Ended", "Why", "Told"],
  rows: locks.map((lock) => [
    lock.drill ? `${nameOfLock(lock)} (drill)` : nameOfLock(lock),
    utc(lock.setAt),
    lock.setBy,
    lock.endedAt === null ? "holds" : `${utc(lock.endedAt)} by ${lock.endedBy ?? "unknown"}`,
    lock.reason,
    lock.message,
  ]),
  empty: "Nothing was locked.",
});

/** Streams and connections by process, and what the transaction of the lock ended. */
const cutTable = (locks: readonly LockView[]): Table => ({
  title: "",
  columns: ["Lock", "Where", "What", "After"],
  rows: locks.flatMap((lock) => {
    const would = lock.drill ? " (drill: would have been)" : "";
    return [
      [nameOfLock(lock) + would, "database", countsText(lock.stored), "at once"],
      ...lock.cuts.map(({ instance, counts, afterMs }) => [
        nameOfLock(lock) + would,
        instance,
        countsText(counts),
        `${afterMs} ms`,
      ]),
    ];
  }),
  empty: "Nothing was cut.",
});

function totalsOf(locks: readonly LockView[]): string {
  const totals: CutCounts = {};
  for (const { drill, stored, cuts } of locks) {
    for (const counts of drill ? [] : [stored, ...cuts.map((cut) => cut.counts)]) {
      for (const [name, count] of Object.entries(counts)) {
        totals[name] = (totals[name] ?? 0) + count;
      }
    }
  }
  return `In all: ${countsText(totals)}.`;
}
