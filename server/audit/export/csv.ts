/**
 * The record as CSV (RFC 4180) for spreadsheets. Pure.
 * Threat: a spreadsheet takes a cell that begins like a formula for one, and names and addresses come from strangers. Such cells get a leading
 * apostrophe; a line break, which no sealed text holds, is written as an escape so that one event stays one line.
 */
import { canonicalJson } from "#server/audit/canonical-json.ts";
import type { SealedRow } from "#server/audit/chain.ts";
import { orderJson, type ExportProof, type LineFormat } from "#server/audit/export/schema.ts";

const COLUMNS = [
  "seq",
  "at",
  "event",
  "code",
  "kind",
  "severity",
  "outcome",
  "actorType",
  "actorId",
  "tokenId",
  "userId",
  "channel",
  "address",
  "requestId",
  "correlationId",
  "target",
  "reason",
  "because",
  "data",
  "hash",
] as const;

type Cells = Partial<Record<(typeof COLUMNS)[number], string | number>>;

const STARTED = "audit.export_started";
const PROOF = "audit.export_proof";

export const CSV: LineFormat = {
  lineEnd: "\r\n",
  open: (order) => [
    COLUMNS.join(","),
    csvLine({ at: order.generatedAt, event: STARTED, data: JSON.stringify(orderJson(order)) }),
  ],
  row: ({ row, hash }: SealedRow) => csvLine({ ...row, data: canonicalJson(row.data), hash: hash.toString("hex") }),
  close: (proof: ExportProof) => csvLine({ event: PROOF, hash: proof.head, data: JSON.stringify(proof) }),
  read(line) {
    const [, seq = "", event, data = ""] = /^(\d*),[^,]*,([^,]*),.*?(?:"(\{.*\})")?,[0-9a-f]*$/.exec(line) ?? [];
    if (seq !== "") {
      return { seq: Number(seq) };
    }
    if (event === STARTED) {
      return { order: JSON.parse(data.replaceAll('""', '"')) as unknown };
    }
    return event === PROOF ? "end" : null;
  },
};

function csvLine(cells: Cells): string {
  return COLUMNS.map((column) => csvCell(String(cells[column] ?? ""))).join(",");
}

/** One cell: harmless to a spreadsheet, on one line, quoted where it has to be. */
export function csvCell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  const oneLine = harmless.replace(/[\r\n]/g, (end) => (end === "\n" ? "\\n" : "\\r"));
  return /[",]/.test(oneLine) ? `"${oneLine.replaceAll('"', '""')}"` : oneLine;
}
