/** What an export is made of, whatever its format. */
import type { SealedRow } from "#server/audit/chain.ts";
import type { SeqRange } from "#server/audit/reading/conditions.ts";
import type { AuditSearch } from "#server/audit/filter.ts";

export const EXPORT_FORMATS = ["json", "csv", "cef", "ocsf"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What was asked for. With it an export that was cut off is continued to the same bytes. */
export interface ExportOrder {
  format: ExportFormat;
  /** Name of the record, as its checkpoints bear it; empty where it has no key yet. */
  record: string;
  /** ISO 8601. */
  generatedAt: string;
  search: AuditSearch;
  range: SeqRange;
}

/** What lets anybody with the public key verify the export. */
export interface ExportProof {
  /** The last row of the range, and its hash in hex. */
  size: number;
  head: string;
  /** Signed notes; empty where none was signed yet. */
  checkpoints: string[];
  /** `<name>+<id>+<key>`; null where the record has none yet. */
  publicKey: string | null;
}

export interface ExportChunk {
  text: string;
  /** Events in it. */
  records: number;
  /** The last row that was looked at, and the last one that has to be. */
  row: number;
  lastRow: number;
}

/** What a line of an export is: a row, the beginning with what was asked for, or the end. */
export type ReadLine = { seq: number } | { order: unknown } | "end";

/** A format of one event per line: how to write it, and how to read back how far a file got. */
export interface LineFormat {
  lineEnd: "\n" | "\r\n";
  /** First lines; the last of them says what was asked for. */
  open: (order: ExportOrder) => string[];
  row: (sealed: SealedRow) => string;
  /** The last line. */
  close: (proof: ExportProof) => string;
  /** Null for a line that none of the above wrote. May throw instead. */
  read: (line: string) => ReadLine | null;
}

/** The filter as exports name it; `readOrder` in resume.ts reads it back. */
const filterJson = (search: AuditSearch): Record<string, string> =>
  Object.fromEntries(
    Object.entries(search)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, value instanceof Date ? value.toISOString() : String(value)]),
  );

/** The order without its format, as the formats of lines carry it. */
export const orderJson = ({ record, generatedAt, search, range }: ExportOrder) => ({
  record,
  generatedAt,
  filter: filterJson(search),
  from: range.from,
  to: range.to,
});
