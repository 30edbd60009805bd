/**
 * The record as files, one JSON object per line in order of seq: for shipping to another system and for reading without the database.
 * A copy, never the truth: the sealer brings it level with the database at each start.
 */
import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { z } from "zod";
import { canonicalRow, recordLine, type ChainHead, type SealedRow } from "#server/audit/chain.ts";
import { openRecordFile, plainLines, type OpenedFile } from "#server/audit/files/file-lines.ts";
import { completeBytes, openLiveFile, readLastLine } from "#server/audit/files/live-file.ts";
import { asidePath, siblingsOf } from "#server/audit/files/names.ts";
import { createPacker } from "#server/audit/files/packer.ts";
import { removeExpired, spanOf, type ExpiredFile } from "#server/audit/files/retention.ts";
import { factsOfLine, factsOfRow } from "#server/audit/files/row-facts.ts";
import { isPlainLine, openLine, sealLine } from "#server/audit/files/sealed-line.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { messageOf } from "#server/core/errors.ts";
import type { Logger } from "#server/core/log.ts";

const LineHead = z.object({
  seq: z.number().int().positive(),
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .transform((hex) => Buffer.from(hex, "hex")),
});

export interface MirrorSettings {
  encryption: boolean;
  compression: boolean;
  /** Size from which the file is rotated. */
  maxFileBytes: number;
  /** Permission bits of all files. */
  mode: number;
  /** Age of its newest row at which a rotated file is removed, in milliseconds. */
  retentionMs: number;
}

export interface MirrorOptions {
  /** Asked for when something is to be encrypted or read that is. */
  keyring: () => Promise<Keyring>;
  /** As they are at the moment: they may change while the file is open. */
  settings: () => MirrorSettings;
  log: Pick<Logger, "error">;
}

export interface Mirror {
  /**
   * The plain last line, of the newest rotated file when nothing was written since; undefined when there is none.
   * One that cannot be read is given as it stands, or empty: it equals no row.
   */
  lastLine(): Promise<string | undefined>;
  /** Durable when it resolves. */
  append(rows: readonly SealedRow[]): Promise<void>;
  /** Takes the file that `lastLine` was read from out of the record and keeps it under the returned name. */
  setAside(): Promise<string>;
  /**
   * Removes what is older than the retention, begins a new file where the present one is long in use, and packs what is not packed yet.
   * To be called after the start and about once an hour. @param record resolves when the removal of these files is durably on record.
   */
  tidy(now: Date, record: (files: readonly ExpiredFile[]) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** The plain line of one sealed row. */
export function mirrorLine(sealed: SealedRow): string {
  return sealed.line ?? recordLine(canonicalRow(sealed.row), sealed.hash);
}

/** Position and hash that a mirror line names, or null when it is not one. */
export function headOfLine(line: string): ChainHead | null {
  try {
    const head = LineHead.safeParse(JSON.parse(line));
    return head.success ? head.data : null;
  } catch {
    return null;
  }
}

/** Opens the file, makes it when missing, and makes good what a crash left half done. */
export async function openMirror(file: string, { keyring, settings, log }: MirrorOptions): Promise<Mirror> {
  if (settings().encryption) {
    // A wrong master secret ends the start, not the first event.
    await keyring();
  }
  const live = await openLiveFile(file, {
    mode: () => settings().mode,
    factsOf: async (line) => factsOfLine(await readableOrAsItStands(line)),
  });
  const packer = createPacker({
    liveFile: file,
    log,
    options: async () => {
      const { compression, encryption, mode } = settings();
      return { compression, mode, keyring: encryption ? await keyring() : null };
    },
  });
  const stored = await live.lastLine();
  /** Lines from before encryption was asked for do not stay as they are: their file is rotated, and so encrypted as a whole. */
  let endsPlain = stored !== undefined && isPlainLine(stored);

  async function rotate(): Promise<void> {
    if ((await live.rotate()) !== null) {
      packer.wake();
    }
  }

  async function readableOrAsItStands(line: string): Promise<string> {
    const ring = isPlainLine(line) ? null : await keyring();
    try {
      return openLine(ring, line, "The last line");
    } catch {
      return line;
    }
  }

  async function endOfRotated(): Promise<string | undefined> {
    const newest = siblingsOf(file).rotated.at(-1);
    if (newest === undefined) {
      return undefined;
    }
    const ring = await keyring();
    const opened = await openRecordFile(newest.path);
    try {
      return await lastLineIn(opened, ring);
    } catch (error) {
      log.error({ file: opened.path, reason: messageOf(error) }, "audit: a rotated file cannot be read");
      return "";
    }
  }

  return {
    async lastLine() {
      const last = await live.lastLine();
      return last === undefined ? endOfRotated() : readableOrAsItStands(last);
    },
    async append(rows) {
      const [first, last] = [rows[0], rows.at(-1)];
      if (first === undefined || last === undefined) {
        return;
      }
      const { encryption, maxFileBytes } = settings();
      if (encryption && endsPlain) {
        await rotate();
      }
      const key = encryption ? (await keyring()).current("audit-log") : null;
      const lines = rows.map((sealed) => {
        const plain = mirrorLine(sealed);
        return key === null ? plain : sealLine(key, sealed.row.seq, plain);
      });
      await live.append(lines, { first: factsOfRow(first.row), last: factsOfRow(last.row) });
      endsPlain = key === null;
      if (live.bytes >= maxFileBytes) {
        await rotate();
      }
    },
    async setAside() {
      const rotated = live.oldest === null ? siblingsOf(file).rotated.at(-1) : undefined;
      if (rotated === undefined) {
        return live.setAside();
      }
      const name = asidePath(rotated.path);
      await rename(rotated.path, name);
      return name;
    },
    async tidy(now, record) {
      const { encryption, retentionMs } = settings();
      const longInUse = live.oldest !== null && live.oldest.atMs < now.getTime() - spanOf(retentionMs);
      if (longInUse || (encryption && endsPlain)) {
        await live.rotate();
      }
      await removeExpired(file, retentionMs, now, record);
      packer.wake();
    },
    async close() {
      await packer.close();
      await live.close();
    },
  };
}

/**
 * The plain last line of the record's files, read without changing them; undefined when there is none.
 * @param keyring null where there is none: an encrypted line is then refused.
 * @throws AppError("CANNOT_DECRYPT" | "AUDIT_UNAVAILABLE")
 */
export async function readMirrorEnd(file: string, keyring: Keyring | null): Promise<string | undefined> {
  const { rotated } = siblingsOf(file);
  if (existsSync(file)) {
    const { handle } = await openRecordFile(file);
    try {
      const line = await readLastLine(handle, await completeBytes(handle));
      if (line !== undefined) {
        return openLine(keyring, line, `The last line of ${file}`);
      }
    } finally {
      await handle.close();
    }
  }
  const newest = rotated.at(-1);
  return newest === undefined ? undefined : lastLineIn(await openRecordFile(newest.path), keyring);
}

async function lastLineIn(file: OpenedFile, keyring: Keyring | null): Promise<string | undefined> {
  let last: string | undefined;
  for await (const lines of plainLines(file, keyring)) {
    last = lines.at(-1);
  }
  return last;
}
