/**
 * Brings the sealer back to where it stopped: key position, tree, database and files agree again after any crash.
 * Threat: deleting the key files or the newest rows must not lead to a fresh chain that looks sound. Whatever cannot be explained by a
 * crash is refused with the place named.
 */
import { advance, canonicalRow, skipKey, startChain } from "#server/audit/chain.ts";
import { readCheckpoint } from "#server/audit/proof/checkpoint.ts";
import { newestCheckpoint, newestRemoval } from "#server/audit/proof/checkpoint-store.ts";
import type { Queryable } from "#server/audit/intake.ts";
import {
  createFirstKey,
  readFirstKey,
  readSealerState,
  verifyKeyFile,
  writeSealerState,
  type SealerState,
  type StoredState,
} from "#server/audit/key-files.ts";
import { append, copyRange, emptyRange, leafHash, rootOf, type Range } from "#server/audit/proof/merkle.ts";
import { headOfLine, mirrorLine, type Mirror } from "#server/audit/mirror.ts";
import { readRemoval, type Removal } from "#server/audit/proof/removal.ts";
import { readHeadSeq, readSealed, readSealedRow } from "#server/audit/sealed-rows.ts";
import { openSigner } from "#server/audit/proof/signing-key.ts";
import type { NoteSigner } from "#server/audit/proof/signing-note.ts";
import { AppError } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";

export interface Recovered {
  state: SealerState;
  signer: NoteSigner;
  /** Rows that the newest checkpoint covers. */
  covered: number;
  /** Trees over more of the rows, by growing size, that are to be signed: those of a record that had no checkpoints. */
  unsigned: readonly Range[];
}

/** The tree over rows that were sealed by a version without one gets a checkpoint this often, so that they can be removed in steps. */
const UNSIGNED_STEP = 10_000;

/**
 * The state at the database's head, with the mirror level with it. To be called while holding the sealer's lock.
 * @throws AppError("AUDIT_UNAVAILABLE") when a key is missing or rows were cut or changed.
 */
export async function recoverChain(db: Queryable, keysDir: string, mirror: Mirror, log: Logger): Promise<Recovered> {
  const checkpoint = await newestCheckpoint(db);
  const removed = await newestRemoval(db);
  const head = await readHeadSeq(db);
  const stored = readSealerState(keysDir) ?? firstState(keysDir, head);
  const signer = openSigner(keysDir, checkpoint !== undefined || removed !== undefined);
  const signed = checkpoint === undefined ? null : readCheckpoint(checkpoint.note, signer);
  if (typeof signed === "string" || (checkpoint !== undefined && signed?.size !== checkpoint.seq)) {
    throw refusal(`the checkpoint of row ${checkpoint?.seq ?? 0} is not signed by the key in audit-signing.json`);
  }
  const removal = removed === undefined ? null : readRemoval(removed.note, signer);
  if (typeof removal === "string" || (removed !== undefined && removal?.to !== removed.seq)) {
    throw refusal(`the removal of the rows up to ${removed?.seq ?? 0} is not signed by the key in audit-signing.json`);
  }
  const newest = Math.max(stored.seq, signed?.size ?? 0);
  if (head < newest) {
    throw refusal(`its newest row is ${head}, but row ${newest} was sealed: rows were cut off`);
  }
  const unsigned: Range[] = [];
  const follower: Follower = {
    tree(range) {
      if (signed !== null && range.size === signed.size && !rootOf(range).equals(signed.root)) {
        throw refusal(`the rows up to ${signed.size} are not those of their checkpoint`);
      }
      if (range.size > (signed?.size ?? 0) && range.size % UNSIGNED_STEP === 0) {
        unsigned.push(copyRange(range));
      }
    },
  };
  const anchored = await anchor(db, stored, removal, follower, log);
  const state = await followChain(db, anchored, follower);
  if (state.seq > stored.seq || stored.range === null) {
    writeSealerState(keysDir, state);
  }
  await levelMirror(db, state.seq, removal, mirror, log);
  return { state, signer, covered: signed?.size ?? 0, unsigned };
}

function firstState(keysDir: string, head: number): SealerState {
  if (head > 0) {
    throw refusal(`${head} rows are sealed, but the key file audit-sealer.json is missing in ${keysDir}`);
  }
  const chain = startChain(readFirstKey(verifyKeyFile(keysDir)) ?? createFirstKey(keysDir));
  const state = { ...chain, range: emptyRange() };
  writeSealerState(keysDir, state);
  return state;
}

/** Sees the tree after each row. */
interface Follower {
  tree(range: Range): void;
}

/** The stored state with its tree, at a place that still exists. */
async function anchor(
  db: Queryable,
  stored: StoredState,
  removal: Removal | null,
  follower: Follower,
  log: Logger,
): Promise<SealerState> {
  if (removal !== null && stored.seq <= removal.to) {
    if (stored.seq === removal.to && !stored.hash.equals(removal.hash)) {
      throw refusal(`row ${stored.seq} is not the row that was sealed`);
    }
    const key = skipKey(stored.key, removal.to - stored.seq);
    return { seq: removal.to, hash: removal.hash, key, range: removal.range };
  }
  if (stored.seq > 0) {
    const row = await readSealedRow(db, stored.seq);
    if (row === undefined || !row.hash.equals(stored.hash)) {
      throw refusal(`row ${stored.seq} is not the row that was sealed`);
    }
  }
  if (stored.range !== null) {
    return { ...stored, range: stored.range };
  }
  log.info({ rows: stored.seq }, "audit: the tree over the record is built, once");
  const range = copyRange(removal?.range ?? emptyRange());
  for await (const batch of readSealed(db, range.size)) {
    for (const sealed of batch) {
      if (range.size < stored.seq) {
        if (sealed.row.seq !== range.size + 1) {
          throw refusal(`row ${range.size + 1} is missing`);
        }
        append(range, leafHash(mirrorLine(sealed)));
        follower.tree(range);
      }
    }
    if (range.size === stored.seq) {
      break;
    }
  }
  return { ...stored, range };
}

/** Moves the key over rows that were committed before their position could be stored. */
async function followChain(db: Queryable, anchored: SealerState, follower: Follower): Promise<SealerState> {
  let chain: Omit<SealerState, "range"> = anchored;
  const range = copyRange(anchored.range);
  for await (const batch of readSealed(db, anchored.seq)) {
    for (const { row, hash } of batch) {
      const { leaf, ...next } = advance(chain, canonicalRow(row));
      chain = next;
      if (row.seq !== chain.seq || !hash.equals(chain.hash)) {
        throw refusal(`row ${chain.seq} is not the row that was sealed`);
      }
      append(range, leaf);
      follower.tree(range);
    }
  }
  return { seq: chain.seq, hash: chain.hash, key: chain.key, range };
}

async function levelMirror(
  db: Queryable,
  head: number,
  removal: Removal | null,
  mirror: Mirror,
  log: Logger,
): Promise<void> {
  for (;;) {
    const line = await mirror.lastLine();
    const copied = line === undefined ? 0 : (headOfLine(line)?.seq ?? 0);
    if (copied > head) {
      throw refusal(`the mirror file holds row ${copied}, the database ends at row ${head}: rows were cut off`);
    }
    if (line === undefined || (await isRow(db, line, copied, removal))) {
      for await (const batch of readSealed(db, copied)) {
        await mirror.append(batch);
      }
      return;
    }
    const kept = await mirror.setAside();
    log.error(
      { kept, seq: copied },
      "audit: the mirror file differs from the database; it is kept aside and written anew",
    );
  }
}

async function isRow(db: Queryable, line: string, seq: number, removal: Removal | null): Promise<boolean> {
  if (removal !== null && seq === removal.to) {
    return headOfLine(line)?.hash.equals(removal.hash) === true;
  }
  if (removal !== null && seq > 0 && seq < removal.to) {
    // The row has left: a file that was behind goes on with the rows that are there.
    return true;
  }
  const row = seq > 0 ? await readSealedRow(db, seq) : undefined;
  return row !== undefined && mirrorLine(row) === line;
}

function refusal(because: string): AppError {
  return new AppError(
    "AUDIT_UNAVAILABLE",
    `The audit record cannot be continued: ${because}. Run openclaw security verify-audit, and restore the rows or key files from a backup.`,
  );
}
