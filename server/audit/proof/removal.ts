/**
 * Removals: signed notes that stand in the place of rows whose time was over.
 *   openclaw-gateway/1f0e2d3c removal
 *   <first removed row>
 *   <last removed row>
 *   <base64 of the last removed row's hash: the chain goes on from it>
 *   <base64 of one root per line, the compact range over all rows up to the last removed one: the tree goes on from it>
 * Threat: a removal that cuts off what somebody would rather have forgotten. Only the sealer can sign one, it is itself on record, and the
 * range has to lead to the roots of the checkpoints that were signed before and after. Pure.
 */
import { hashOf, type NoteFault } from "#server/audit/proof/checkpoint.ts";
import { isRange, type Range } from "#server/audit/proof/merkle.ts";
import { openNote, signNote, type NoteKey, type NoteSigner } from "#server/audit/proof/signing-note.ts";

export interface Removal {
  from: number;
  to: number;
  /** Of row `to`. */
  hash: Buffer;
  /** Over rows 1 to `to`. */
  range: Range;
}

const NUMBER = /^[1-9]\d{0,15}$/;

export function signRemoval({ from, to, hash, range }: Removal, signer: NoteSigner): string {
  const lines = [
    `${signer.name} removal`,
    from,
    to,
    ...[hash, ...range.roots].map((bytes) => bytes.toString("base64")),
  ];
  return signNote(`${lines.join("\n")}\n`, signer);
}

export function readRemoval(note: string, key: NoteKey): Removal | NoteFault {
  const opened = openNote(note, key);
  if (opened.state !== "signed") {
    return opened.state;
  }
  const [title, first = "", last = "", ...encoded] = opened.text.slice(0, -1).split("\n");
  const [hash, ...roots] = encoded.map(hashOf);
  const range = { size: Number(last), roots: roots.filter((root) => root !== null) };
  const numbered = title === `${key.name} removal` && NUMBER.test(first) && NUMBER.test(last);
  return numbered && hash !== undefined && hash !== null && range.roots.length === roots.length && isRange(range)
    ? { from: Number(first), to: Number(last), hash, range }
    : "forged";
}
