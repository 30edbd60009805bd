/** What the console asks of the record and what it gets. */
import { z } from "zod";
import { EXPORT_FORMATS } from "#server/audit/export/schema.ts";
import { MAX_QUERY_LENGTH } from "#server/audit/search/terms.ts";

const time = z.iso.datetime({ offset: true, error: "must be a time with its zone, such as 2026-03-01T12:00:00Z" });

/** A search as the address bar holds it. `from` and `to` narrow what the text says further; `to` is exclusive. */
export const Question = z.strictObject({
  q: z.string().max(MAX_QUERY_LENGTH).default(""),
  from: time.optional(),
  to: time.optional(),
});
export type Question = z.infer<typeof Question>;

const seq = z.int().min(1);

export const PageRequest = Question.extend({
  /** Only events that stand before this one. */
  before: seq.optional(),
  limit: z.int().min(1).max(200).default(100),
});

const text = z.string().nullable();

export const AuditRow = z.object({
  seq: z.int(),
  /** ISO 8601. */
  at: z.string(),
  event: z.string(),
  title: z.string(),
  sentence: z.string(),
  severity: z.string(),
  outcome: z.string(),
  /** The end user, or else the actor. */
  who: z.string(),
  channel: text,
  target: text,
  reason: text,
  /** Of the program or request it belongs to. */
  correlationId: text,
});
export type AuditRow = z.infer<typeof AuditRow>;

export const AuditPage = z.object({
  /** Newest first; can be fewer than asked for, even none, while there is a next page. */
  rows: z.array(AuditRow),
  /** `before` of the next page; null on the last one. */
  next: z.int().nullable(),
  /** The newest event that this page and those behind it can hold. */
  head: z.int(),
});
export type AuditPage = z.infer<typeof AuditPage>;

export const RowRequest = Question.extend({ seq });

const Link = z.object({ label: z.string(), href: z.string() });

export const AuditDetail = z.object({
  row: AuditRow,
  /** The event as it was recorded. */
  entry: z.record(z.string(), z.unknown()),
  /** Its hash in the chain, hexadecimal. */
  hash: z.string(),
  /** What events of this name always mean. */
  meaning: z.string(),
  /** The reason in words. */
  reason: text,
  /** What decided, as the event names it. */
  because: text,
  rule: Link.nullable(),
  links: z.array(Link),
  /** The same question to the policy as it is now. */
  simulate: text,
  /** What belongs to the same request, oldest first. */
  group: z.object({ id: text, rows: z.array(AuditRow), more: z.boolean() }),
});
export type AuditDetail = z.infer<typeof AuditDetail>;

export const Facets = z.object({
  count: z.int(),
  /** There may be more than are counted. */
  atLeast: z.boolean(),
  facets: z.array(
    z.object({
      qualifier: z.string(),
      title: z.string(),
      values: z.array(z.object({ value: z.string(), label: z.string(), count: z.int() })),
      /** There are further values. */
      more: z.boolean(),
      /** There may be more of each than is counted. */
      atLeast: z.boolean(),
    }),
  ),
});
export type Facets = z.infer<typeof Facets>;

export const Histogram = z.object({
  fromMs: z.number(),
  /** Exclusive. */
  toMs: z.number(),
  bucketMs: z.number(),
  buckets: z.array(z.object({ startMs: z.number(), ok: z.int(), denied: z.int(), failed: z.int() })),
  /** Events before this were not counted; null when all were. */
  countedFromMs: z.number().nullable(),
});
export type Histogram = z.infer<typeof Histogram>;

export const Verification = z.object({
  state: z.enum(["running", "sound", "tampered", "failed"]),
  startedAt: z.date(),
  endedAt: z.date().nullable(),
  /** The row it has come to, and the last one. */
  row: z.int(),
  of: z.int(),
  /** What was found, in a sentence. */
  message: z.string(),
});
export type Verification = z.infer<typeof Verification>;

export const ChainStatus = z.object({
  head: z.int(),
  headHash: text,
  /** Batches that are recorded and not sealed yet. */
  waiting: z.int(),
  checkpoint: z.object({ rows: z.int(), signedAt: z.date() }).nullable(),
  uncoveredSince: z.date().nullable(),
  removedUpTo: z.int(),
  anchor: z.object({ rows: z.int(), deliveredAt: z.date().nullable(), failures: z.int(), lastError: text }).nullable(),
  verification: Verification.nullable(),
  /** Beyond this many rows the check is left to the command line. */
  verifiableHere: z.boolean(),
});
export type ChainStatus = z.infer<typeof ChainStatus>;

export const ExportRequest = Question.extend({ format: z.enum(EXPORT_FORMATS) });

export const OrderedExport = z.object({
  /** Where to fetch the file, within two minutes. */
  href: z.string(),
  fileName: z.string(),
  /** Rows of the record that are looked through. */
  from: z.int(),
  to: z.int(),
  /** A signed checkpoint covers all of it. */
  proven: z.boolean(),
});
export type OrderedExport = z.infer<typeof OrderedExport>;
