/** Reads the record from its files: the rotated ones, then the one being written. */
import { existsSync } from "node:fs";
import { z } from "zod";
import { openRecordFile, plainLines, type OpenedFile } from "#server/audit/files/file-lines.ts";
import { completeBytes, readFirstLine } from "#server/audit/files/live-file.ts";
import { siblingsOf } from "#server/audit/files/names.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";

type Lines = AsyncGenerator<string, void, void>;

/** The files that hold the record, in order of seq. None when nothing was written yet. */
export function listRecordFiles(liveFile: string): string[] {
  const rotated = siblingsOf(liveFile).rotated.map(({ path }) => path);
  return existsSync(liveFile) ? [...rotated, liveFile] : rotated;
}

/**
 * The record's lines as they were hashed (`mirrorLine`), from files of any form, in the order of `files`.
 * @param keyring null where there is none: only plain and compressed files can be read then.
 * @throws AppError("CANNOT_DECRYPT" | "AUDIT_UNAVAILABLE") that names file and line, after the lines before it.
 */
export async function* readRecordLines(files: readonly string[], keyring: Keyring | null): Lines {
  for (const file of files) {
    yield* linesOf(await openRecordFile(file), keyring);
  }
}

/**
 * All lines that `liveFile` and the rotated files beside it hold at the moment, while the sealer may go on writing and rotating.
 * An incomplete last line is no row yet: it is being written, or a crash left it and the sealer writes it anew.
 * Parameters and errors as those of `readRecordLines`.
 */
export async function* readRecord(liveFile: string, keyring: Keyring | null): Lines {
  if (!existsSync(liveFile) && siblingsOf(liveFile).rotated.length > 0) {
    return yield* readRecordLines(listRecordFiles(liveFile), keyring);
  }
  // Opened before the others are listed: what it holds is read once, even if it is rotated by then.
  const live = await openRecordFile(liveFile);
  try {
    const bytes = await completeBytes(live.handle);
    const first = bytes === 0 ? Infinity : seqOf(await readFirstLine(live.handle));
    const before = siblingsOf(liveFile).rotated.filter(({ firstSeq }) => firstSeq < first);
    yield* readRecordLines(
      before.map(({ path }) => path),
      keyring,
    );
    yield* linesOf({ ...live, bytes }, keyring);
  } finally {
    await live.handle.close();
  }
}

async function* linesOf(file: OpenedFile, keyring: Keyring | null): Lines {
  for await (const batch of plainLines(file, keyring)) {
    yield* batch;
  }
}

const Numbered = z.object({ seq: z.number() });

/** The number in a line of either kind; infinite for none, and for a line that cannot be read, which is refused when its turn comes. */
function seqOf(line: string | undefined): number {
  try {
    return Numbered.parse(JSON.parse(line ?? "")).seq;
  } catch {
    return Infinity;
  }
}
