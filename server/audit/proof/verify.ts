/**
 * Verification of a record from its rows: is every row as it was sealed, and if not, which is the first that is not, and what was done to
 * it? Pure. Two proofs, of which either may be missing: the chain, which needs the first key and binds every row, and the Merkle tree, which
 * needs only the root that somebody vouches for and binds the rows under it.
 */
import type { ChainHead } from "#server/audit/chain.ts";
import type { Range } from "#server/audit/proof/merkle.ts";
import { LOOKAHEAD, type TamperKind } from "#server/audit/proof/verify-diagnose.ts";
import type { Item, RowItem } from "#server/audit/proof/verify-items.ts";
import { Walk } from "#server/audit/proof/verify-walk.ts";

export interface TrustedRoot {
  /** Rows under it. */
  size: number;
  root: Buffer;
}

export interface Evidence {
  /** Null when it is kept elsewhere: then only the tree is checked. */
  firstKey: Buffer | null;
  /** What stands for rows that were removed from the beginning. */
  base?: { hash: Buffer; range: Range } | undefined;
  /** Heads that are known from elsewhere; a record that ends before one was cut. */
  heads?: readonly ChainHead[] | undefined;
  /** By growing size, none smaller than `base`. A source that finds itself tampered with throws `Unsound`. */
  roots?: AsyncIterable<TrustedRoot> | undefined;
  /** Told now and then which row the check has come to. */
  onProgress?: ((seq: number) => void) | undefined;
}

export interface Sound {
  sound: true;
  head: ChainHead;
  /** Rows 1 to this one are those of a trusted tree. */
  covered: number;
  /** The first row that neither chain nor tree binds; null when each is bound by one of them. */
  unbound: number | null;
}

export interface Tampered {
  sound: false;
  /** Sequence number of the first row that is not as it was sealed. */
  seq: number;
  /** Present where the bad row could not be singled out: it is one from `seq` to this one. */
  upTo?: number;
  /** Best judgement of what happened; that something did is certain. */
  kind: TamperKind;
}

export type Verdict = Sound | Tampered;

export class Unsound extends Error {
  readonly verdict: Tampered;

  constructor(verdict: Omit<Tampered, "sound">) {
    super(`row ${verdict.seq}: ${verdict.kind}`);
    this.verdict = { sound: false, ...verdict };
  }
}

/** Checks rows in the order in which they stand, from row 1 or the one behind `base`. */
export async function verifyItems(batches: AsyncIterable<readonly Item[]>, evidence: Evidence): Promise<Verdict> {
  const { firstKey, base, heads = [], roots = none(), onProgress } = evidence;
  const walk = new Walk({ firstKey, base, heads });
  const source = roots[Symbol.asyncIterator]();
  try {
    const pending = await compareRoots(walk, source, await nextRoot(source));
    return await walkThrough(walk, batches, { source, pending, onProgress });
  } catch (error) {
    if (error instanceof Unsound) {
      return error.verdict;
    }
    throw error;
  } finally {
    await source.return?.();
  }
}

interface Progress {
  source: AsyncIterator<TrustedRoot>;
  /** The next root, or null when there is none. */
  pending: TrustedRoot | null;
  onProgress: ((seq: number) => void) | undefined;
}

async function walkThrough(walk: Walk, batches: AsyncIterable<readonly Item[]>, progress: Progress): Promise<Verdict> {
  let { pending } = progress;
  let suspects: RowItem[] | null = null;
  for await (const batch of batches) {
    for (const item of batch) {
      if (suspects !== null) {
        if ("text" in item && suspects.length < LOOKAHEAD) {
          suspects.push(item);
        }
      } else if ("gap" in item) {
        walk.skip(item.gap, item.subtrees);
      } else if (!walk.take(item)) {
        suspects = [item];
      }
      if (pending !== null && pending.size <= walk.seq && suspects === null) {
        pending = await compareRoots(walk, progress.source, pending);
      }
    }
    if (suspects !== null && suspects.length >= LOOKAHEAD) {
      break;
    }
    progress.onProgress?.(walk.seq);
  }
  if (suspects !== null) {
    return { sound: false, seq: walk.seq + 1, kind: walk.diagnose(suspects) };
  }
  if (pending !== null || walk.expected > walk.seq) {
    return { sound: false, seq: walk.seq + 1, kind: "truncated" };
  }
  if (!walk.confirmed) {
    return { sound: false, seq: walk.covered, kind: "removal" };
  }
  return { sound: true, head: walk.head(), covered: walk.covered, unbound: walk.unbound };
}

/** Compares all roots that the rows have come to. @returns the next one. */
async function compareRoots(
  walk: Walk,
  source: AsyncIterator<TrustedRoot>,
  first: TrustedRoot | null,
): Promise<TrustedRoot | null> {
  let pending = first;
  for (; pending !== null && pending.size <= walk.seq; pending = await nextRoot(source)) {
    const fault = pending.size === walk.seq ? walk.compare(pending.root) : null;
    if (fault !== null) {
      throw new Unsound(fault);
    }
  }
  return pending;
}

async function nextRoot(source: AsyncIterator<TrustedRoot>): Promise<TrustedRoot | null> {
  const next = await source.next();
  return next.done === true ? null : next.value;
}

async function* none(): AsyncGenerator<TrustedRoot, void, void> {}
