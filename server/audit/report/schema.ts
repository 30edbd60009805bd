/** What a security report is made of: facts from the record, then sections and charts that every format shows alike. */
import type { AuditEntry } from "#server/audit/reading/query.ts";
import type { TallyBucket } from "#server/audit/reading/tally.ts";

export interface Period {
  since: Date;
  /** Exclusive. */
  until: Date;
}

/** Events that are alike in what was asked for. */
export interface Group {
  /** Their common values, in the order asked for; null where an event has none. */
  values: (string | null)[];
  /** Refusals that were recorded together count as many as they were. */
  count: number;
  /** ISO 8601, of the newest one. */
  last: string;
}

export interface IntegrityFacts {
  head: number;
  /** Hex. */
  headHash: string | null;
  /** Batches that are recorded and not sealed. */
  waiting: number;
  checkpoint: { rows: number; signedAt: Date } | null;
  /** Time of the oldest row that no checkpoint covers; null when all are covered. */
  uncoveredSince: Date | null;
  removals: { upTo: number; removedAt: Date }[];
}

export interface ReportFacts {
  generatedAt: Date;
  period: Period;
  /** As long, right before it. */
  before: Period;
  bucketHours: number;
  buckets: TallyBucket[];
  /** The period before in one bucket. */
  bucketsBefore: TallyBucket[];
  failuresByReason: Group[];
  failuresByAddress: Group[];
  denials: Group[];
  limits: Group[];
  runEnds: Group[];
  fileEvents: Group[];
  errors: Group[];
  incidents: AuditEntry[];
  critical: AuditEntry[];
  tokens: AuditEntry[];
  changes: AuditEntry[];
  integrity: IntegrityFacts;
}

export type Urgency = "now" | "soon" | "note";

export interface Attention {
  urgency: Urgency;
  /** A sentence for people; may hold text that strangers chose. */
  text: string;
}

export interface Table {
  title: string;
  columns: string[];
  /** Numbers stand to the right. */
  rows: (string | number)[][];
  /** Said instead of an empty table. */
  empty: string;
}

export interface Chart {
  id: string;
  title: string;
  /** One colour each, from the ground up. */
  series: string[];
  points: { label: string; values: number[] }[];
}

export interface Section {
  id: string;
  title: string;
  lines: string[];
  charts: Chart[];
  tables: Table[];
}

export interface Report {
  title: string;
  period: string;
  attention: Attention[];
  sections: Section[];
  /** Where the figures come from. */
  footer: string;
}
