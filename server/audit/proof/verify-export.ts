/**
 * Verification of an export (`export/json.ts`) with nothing but a public key. Lines and the roots that stand for rows that were left out build
 * the tree of a signed checkpoint. What the export says of itself (its filter, its own copy of the key) proves nothing: a row that was left out
 * is counted, and cannot be told from one that the filter did not ask for.
 */
import { open } from "node:fs/promises";
import { z } from "zod";
import { hashOf, type Checkpoint } from "#server/audit/proof/checkpoint.ts";
import { linesIn } from "#server/audit/files/lines.ts";
import type { Subtree } from "#server/audit/proof/merkle.ts";
import type { NoteKey } from "#server/audit/proof/signing-note.ts";
import { lineItem, type GapItem, type Item } from "#server/audit/proof/verify-items.ts";
import { noNotes, storedNotes, trustedRoots } from "#server/audit/proof/verify-roots.ts";
import { Unsound, verifyItems, type Sound, type Tampered } from "#server/audit/proof/verify.ts";
import { AppError } from "#server/core/errors.ts";

export interface VerifyExportOptions {
  file: string;
  /** Null when there is none to trust: then nothing can be verified. */
  key: NoteKey | null;
  /** Adds to the tree: with it a bad row can be named, where none is left out before it. */
  firstKey: Buffer | null;
  required?: Checkpoint | undefined;
  onProgress?: ((seq: number) => void) | undefined;
}

/** Rows that are in the export, and rows that it stands for without holding them. */
interface Counts {
  held: number;
  omitted: number;
}

export type ExportVerdict = Tampered | (Sound & Counts);

const START = '{"format":"openclaw-audit-export/';
const PROOF_START = '],"proof":';
/** Far more than the last line of an export takes. */
const PROOF_BYTES = 1024 * 1024;

const root = z.string().transform((text, context) => {
  const bytes = hashOf(text);
  if (bytes === null) {
    context.addIssue({ code: "custom", message: "is no hash" });
    return z.NEVER;
  }
  return bytes;
});
const Subtrees = z.array(z.object({ level: z.int().min(0).max(52), root }));
const Omitted = z.object({ omitted: z.object({ from: z.int(), to: z.int(), subtrees: Subtrees }) });
const Proof = z.object({
  proof: z.object({
    size: z.int().min(0),
    checkpoints: z.array(z.string()),
    publicKey: z.string().nullable(),
    tail: Subtrees,
  }),
});
type Proof = z.output<typeof Proof>["proof"];

/** True for a file that begins as an export does. @throws AppError("AUDIT_UNAVAILABLE") when it cannot be read. */
export async function isExport(file: string): Promise<boolean> {
  return readEnd(file, (size) => ({ start: 0, length: Math.min(size, START.length) })).then((text) => text === START);
}

/** @throws AppError("AUDIT_UNAVAILABLE") when the file is damaged or no key to trust is given. */
export async function verifyExport(options: VerifyExportOptions): Promise<ExportVerdict> {
  const { file, key, firstKey, required, onProgress } = options;
  const counts: Counts = { held: 0, omitted: 0 };
  const proof = await readProof(file);
  if (proof === null) {
    throw unreadable(file, "has no proof at its end: it was cut off, or is still being written. Export it again");
  }
  if (key === null) {
    const named = proof.publicKey === null ? "names no public key" : `names the public key ${proof.publicKey}`;
    throw unreadable(file, `${named}, and would name any. Give the key that you trust with --public-key`);
  }
  const others = required === undefined ? [] : [required];
  const verdict = await verifyItems(itemsOf(file, proof, counts), {
    firstKey,
    roots: trustedRoots({ key, stored: storedNotes(proof.checkpoints), copies: noNotes(), others }),
    onProgress,
  });
  if (verdict.sound && verdict.unbound !== null) {
    throw unreadable(
      file,
      `holds rows from ${verdict.unbound} on that none of its checkpoints covers. Export them again, some seconds later`,
    );
  }
  return verdict.sound ? { ...verdict, ...counts } : verdict;
}

async function* itemsOf(file: string, proof: Proof, counts: Counts): AsyncGenerator<Item[], void, void> {
  let header = true;
  let seq = 0;
  let done = false;
  for await (const lines of readLines(file)) {
    const items: Item[] = [];
    for (const line of lines) {
      if (header) {
        header = false;
      } else if (line.startsWith(PROOF_START) || done) {
        done = true;
      } else {
        const element = line.endsWith(",") ? line.slice(0, -1) : line;
        const item = element.startsWith('{"omitted":') ? readGap(file, element, seq) : lineItem(element);
        const rows = "gap" in item ? item.gap : 1;
        counts["gap" in item ? "omitted" : "held"] += rows;
        seq += rows;
        items.push(item);
      }
    }
    yield items;
  }
  if (seq !== proof.size) {
    throw new Unsound({ seq: Math.min(seq, proof.size) + 1, kind: seq < proof.size ? "deleted" : "inserted" });
  }
  if (proof.tail.length > 0) {
    yield [gapOf(file, seq, proof.tail)];
  }
}

function readGap(file: string, element: string, seq: number): GapItem {
  const { from, to, subtrees } = parse(file, Omitted, element).omitted;
  if (from !== seq + 1) {
    throw new Unsound({ seq: seq + 1, kind: from > seq + 1 ? "deleted" : "inserted" });
  }
  const gap = gapOf(file, seq, subtrees);
  if (gap.gap !== to - seq) {
    throw unreadable(file, `is damaged: what stands for rows ${from} to ${to} is not of their number`);
  }
  return gap;
}

/** Subtrees begin where their width allows it. */
function gapOf(file: string, seq: number, subtrees: readonly Subtree[]): GapItem {
  let end = seq;
  for (const { level } of subtrees) {
    if (end % 2 ** level !== 0) {
      throw unreadable(file, `is damaged: what stands for rows behind ${seq} does not fit there`);
    }
    end += 2 ** level;
  }
  return { gap: end - seq, subtrees };
}

async function readProof(file: string): Promise<Proof | null> {
  const end = await readEnd(file, (size) => {
    const length = Math.min(size, PROOF_BYTES);
    return { start: size - length, length };
  });
  const start = end.lastIndexOf(`\n${PROOF_START}`);
  return start < 0 || !end.trimEnd().endsWith("}}") ? null : parse(file, Proof, `{${end.slice(start + 3)}`).proof;
}

function parse<T>(file: string, schema: z.ZodType<T>, json: string): T {
  try {
    return schema.parse(JSON.parse(json));
  } catch (error) {
    throw unreadable(file, "is damaged: it is not JSON in the form of an export", error);
  }
}

async function readEnd(file: string, part: (size: number) => { start: number; length: number }): Promise<string> {
  try {
    const handle = await open(file, "r");
    try {
      const { start, length } = part((await handle.stat()).size);
      const bytes = Buffer.alloc(length);
      await handle.read(bytes, 0, length, start);
      return bytes.toString("utf8");
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(file, "cannot be read. Check its name, owner and mode", error);
  }
}

async function* readLines(file: string): AsyncGenerator<string[], void, void> {
  const handle = await open(file, "r");
  const stream = handle.createReadStream();
  try {
    yield* linesIn(stream, file);
  } finally {
    stream.destroy();
    await handle.close();
  }
}

function unreadable(file: string, because: string, cause?: unknown): AppError {
  return new AppError("AUDIT_UNAVAILABLE", `${file} ${because}.`, { cause });
}
