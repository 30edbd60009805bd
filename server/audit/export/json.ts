/**
 * The record as one JSON document that is also one element per line. Pure.
 *   {"format":"openclaw-audit-export/1","record":"<origin>","generatedAt":"…","filter":{…},"from":N,"to":M,"records":[
 *   <line of a row, as it was hashed into the tree>,
 *   {"omitted":{"from":A,"to":B,"subtrees":[{"level":L,"root":"<base64>"}]}},
 *   ],"proof":{"size":N,"head":"<hex>","checkpoints":["<signed note>"],"publicKey":"<key>","tail":[<subtrees>]}}
 * Lines and roots together build the tree that the checkpoint was signed over, so that a changed, added or missing record shows, whatever
 * was left out and whoever looks.
 */
import { orderJson, type ExportOrder, type ExportProof } from "#server/audit/export/schema.ts";
import type { Omission } from "#server/audit/export/omission.ts";
import type { Subtree } from "#server/audit/proof/merkle.ts";

const FORMAT = "openclaw-audit-export/1";
const RECORDS = ',"records":[';
const PROOF = '],"proof":';

export function openJson(order: ExportOrder): string {
  return `${JSON.stringify({ format: FORMAT, ...orderJson(order) }).slice(0, -1)}${RECORDS}`;
}

export function omittedJson({ from, to, subtrees }: Omission): string {
  return JSON.stringify({ omitted: { from, to, subtrees: subtrees.map(subtreeJson) } });
}

export function closeJson(proof: ExportProof, tail: readonly Subtree[]): string {
  return `${PROOF}${JSON.stringify({ ...proof, tail: tail.map(subtreeJson) })}}`;
}

const subtreeJson = ({ level, root }: Subtree) => ({ level, root: root.toString("base64") });

/** The last row that an element line speaks of, or null. */
export function lastRowOf(element: string): number | null {
  const { seq, omitted } = JSON.parse(element) as { seq?: unknown; omitted?: { to?: unknown } };
  const last = seq ?? omitted?.to;
  return typeof last === "number" ? last : null;
}

/** What the first line of an export asked for, or null when it is none. */
export function orderOfJson(line: string): unknown {
  return line.startsWith(`{"format":"${FORMAT}",`) && line.endsWith(RECORDS)
    ? JSON.parse(`${line.slice(0, -RECORDS.length)}}`)
    : null;
}

export const isProofJson = (line: string): boolean => line.startsWith(PROOF) && line.endsWith("}");
