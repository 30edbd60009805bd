/** The record in the Common Event Format, version 0, for SIEM systems. Pure. */
import { isIPv4, isIPv6 } from "node:net";
import { canonicalJson } from "#server/audit/canonical-json.ts";
import type { ChainRow, SealedRow } from "#server/audit/chain.ts";
import { orderJson, type ExportProof, type LineFormat } from "#server/audit/export/schema.ts";
import { VERSION } from "#server/version.ts";

/** On CEF's scale of 0 to 10. */
const SEVERITY: Record<string, number> = { info: 3, warn: 6, error: 8, critical: 10 };
const UNKNOWN_SEVERITY = 5;

const STARTED = "audit.export_started";
const PROOF = "audit.export_proof";

export const CEF: LineFormat = {
  lineEnd: "\n",
  open: (order) => [cefLine(STARTED, STARTED, 0, { cs1Label: "data", cs1: JSON.stringify(orderJson(order)) })],
  row: ({ row, hash }: SealedRow) =>
    cefLine(row.code, row.event, SEVERITY[row.severity] ?? UNKNOWN_SEVERITY, {
      ...fieldsOf(row),
      cs2Label: "hash",
      cs2: hash.toString("hex"),
    }),
  close: (proof: ExportProof) =>
    cefLine(PROOF, PROOF, 0, { cs1Label: "data", cs1: JSON.stringify(proof), cs2Label: "hash", cs2: proof.head }),
  read(line) {
    const [, code, seq, data = ""] =
      /^CEF:0\|OpenClaw\|Gateway\|[^|]*\|([^|]*)\|[^|]*\|\d+\|(?:externalId=(\d+) .*|cs1Label=data cs1=(.*?)( cs2Label=.*)?)$/.exec(
        line,
      ) ?? [];
    if (seq !== undefined) {
      return { seq: Number(seq) };
    }
    if (code === STARTED) {
      return { order: JSON.parse(data.replace(/\\([\\=])/g, "$1")) as unknown };
    }
    return code === PROOF ? "end" : null;
  },
};

type Fields = Record<string, string | number | undefined>;

function fieldsOf(row: ChainRow): Fields {
  return {
    externalId: row.seq,
    // A time that nobody sealed may be none.
    rt: Number.isNaN(Date.parse(row.at)) ? undefined : Date.parse(row.at),
    cat: row.kind,
    outcome: row.outcome,
    suid: row.actorId,
    spriv: row.actorType,
    duid: row.userId,
    ...sourceOf(row.address),
    reason: row.reason,
    ...labelled("cs1", "data", canonicalJson(row.data)),
    ...labelled("cs3", "requestId", row.requestId),
    ...labelled("cs4", "because", row.because),
    ...labelled("cs5", "target", row.target),
    ...labelled("cs6", "tokenId", row.tokenId),
    ...labelled("flexString1", "channel", row.channel),
    ...labelled("flexString2", "correlationId", row.correlationId),
  };
}

/** `src` may hold IPv4 only. */
function sourceOf(address: string | undefined): Fields {
  if (address === undefined || isIPv4(address)) {
    return { src: address };
  }
  return isIPv6(address) ? labelled("c6a2", "Source IPv6 Address", address) : { shost: address };
}

function labelled(key: string, label: string, value: string | undefined): Fields {
  return value === undefined ? {} : { [`${key}Label`]: label, [key]: value };
}

function cefLine(code: string, name: string, severity: number, fields: Fields): string {
  const header = ["CEF:0", "OpenClaw", "Gateway", VERSION, code, name].map(cefHeader);
  const extension = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${cefValue(String(value))}`);
  return [...header, severity, extension.join(" ")].join("|");
}

/** Text between the bars: `|` and `\` are escaped, and it has no second line. */
export function cefHeader(text: string): string {
  return text.replace(/[\\|]/g, "\\$&").replace(/[\r\n]+/g, " ");
}

/** Value of an extension field: `=` and `\` are escaped, line ends written as `\n` and `\r`. */
export function cefValue(text: string): string {
  return text.replace(/[\\=]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
}
