/**
 * Brings the sealer back to where it stopped: key position, database and mirror file agree again after any crash.
 * Threat: deleting the key files or the newest rows must not lead to a fresh chain that looks sound. Whatever cannot be explained by a
 * crash is refused with the place named.
 */
import { advance, canonicalRow, startChain, type ChainState } from "#server/audit/chain.ts";
import type { Queryable } from "#server/audit/intake.ts";
import {
  createFirstKey,
  readFirstKey,
  readSealerState,
  verifyKeyFile,
  writeSealerState,
} from "#server/audit/key-files.ts";
import { headOfLine, mirrorLine, type Mirror } from "#server/audit/mirror.ts";
import { readHeadSeq, readSealed, readSealedRow } from "#server/audit/sealed-rows.ts";
import { AppError } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";

/**
 * The chain's state at the database's head, with the mirror level with it. To be called while holding the sealer's lock.
 * @throws AppError("AUDIT_UNAVAILABLE") when a key is missing or rows were cut or changed.
 */
export async function recoverChain(db: Queryable, keysDir: string, mirror: Mirror, log: Logger): Promise<ChainState> {
  const head = await readHeadSeq(db);
  const stored = readSealerState(keysDir) ?? firstState(keysDir, head);
  if (head < stored.seq) {
    throw refusal(`its newest row is ${head}, but row ${stored.seq} was sealed: rows were cut off`);
  }
  const state = await followChain(db, stored);
  if (state.seq > stored.seq) {
    writeSealerState(keysDir, state);
  }
  await levelMirror(db, state.seq, mirror, log);
  return state;
}

function firstState(keysDir: string, head: number): ChainState {
  if (head > 0) {
    throw refusal(`${head} rows are sealed, but the key file audit-sealer.json is missing in ${keysDir}`);
  }
  const state = startChain(readFirstKey(verifyKeyFile(keysDir)) ?? createFirstKey(keysDir));
  writeSealerState(keysDir, state);
  return state;
}

/** Moves the key over rows that were committed before their position could be stored. */
async function followChain(db: Queryable, stored: ChainState): Promise<ChainState> {
  if (stored.seq > 0) {
    const anchor = await readSealedRow(db, stored.seq);
    if (anchor === undefined || !anchor.hash.equals(stored.hash)) {
      throw refusal(`row ${stored.seq} is not the row that was sealed`);
    }
  }
  let state = stored;
  for await (const batch of readSealed(db, stored.seq)) {
    for (const { row, hash } of batch) {
      state = advance(state, canonicalRow(row));
      if (row.seq !== state.seq || !hash.equals(state.hash)) {
        throw refusal(`row ${state.seq} is not the row that was sealed`);
      }
    }
  }
  return state;
}

async function levelMirror(db: Queryable, head: number, mirror: Mirror, log: Logger): Promise<void> {
  const line = await mirror.lastLine();
  let copied = line === undefined ? 0 : (headOfLine(line)?.seq ?? 0);
  if (copied > head) {
    throw refusal(`the mirror file holds row ${copied}, the database ends at row ${head}: rows were cut off`);
  }
  const row = copied > 0 ? await readSealedRow(db, copied) : undefined;
  if (line !== undefined && (row === undefined || mirrorLine(row) !== line)) {
    const kept = await mirror.setAside();
    log.error(
      { kept, seq: copied },
      "audit: the mirror file differs from the database; it is kept aside and written anew",
    );
    copied = 0;
  }
  for await (const batch of readSealed(db, copied)) {
    await mirror.append(batch);
  }
}

function refusal(because: string): AppError {
  return new AppError(
    "AUDIT_UNAVAILABLE",
    `The audit record cannot be continued: ${because}. Run openclaw security verify-audit, and restore the rows or key files from a backup.`,
  );
}
