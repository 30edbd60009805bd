/**
 * The record as a file, one JSON object per line in order of seq: for shipping to another system and for reading without the database.
 * A copy, never the truth: the sealer brings it level with the database at each start.
 */
import { constants } from "node:fs";
import { mkdir, open, rename, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { canonicalRow, type ChainHead, type SealedRow } from "#server/audit/chain.ts";

/** DATA-4: the group may read logs, nobody else. */
const MODE = 0o640;
const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
const LineHead = z.object({
  seq: z.number().int().positive(),
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .transform((hex) => Buffer.from(hex, "hex")),
});

export interface Mirror {
  /** The last complete line without its line end, or undefined when there is none. */
  lastLine(): Promise<string | undefined>;
  /** Durable when it resolves. */
  append(rows: readonly SealedRow[]): Promise<void>;
  /** Starts an empty file and keeps the present one beside it under the returned name. */
  setAside(): Promise<string>;
  close(): Promise<void>;
}

/** The line of one sealed row: its canonical JSON with the hash as last member. */
export function mirrorLine(sealed: SealedRow): string {
  return `${canonicalRow(sealed.row).slice(0, -1)},"hash":"${sealed.hash.toString("hex")}"}`;
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

/** Opens the file, makes it when missing, and cuts off a line that a crash left incomplete. */
export async function openMirror(file: string): Promise<Mirror> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  let handle = await openForAppend(file);
  await cutTornLine(handle);
  return {
    lastLine: () => readLastLine(handle),
    async append(rows) {
      await handle.appendFile(`${rows.map(mirrorLine).join("\n")}\n`);
      await handle.datasync();
    },
    async setAside() {
      const name = `${file}.set-aside-${Date.now()}`;
      await handle.close();
      await rename(file, name);
      handle = await openForAppend(file);
      return name;
    },
    close: () => handle.close(),
  };
}

/** The last complete line of a mirror that may not exist, read without changing it. */
export async function readMirrorEnd(file: string): Promise<string | undefined> {
  const handle = await open(file, constants.O_RDONLY);
  try {
    return await readLastLine(handle);
  } finally {
    await handle.close();
  }
}

async function openForAppend(file: string): Promise<FileHandle> {
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, MODE);
  await handle.chmod(MODE);
  return handle;
}

async function cutTornLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  const end = await lastNewline(handle, size);
  if (end + 1 < size) {
    await handle.truncate(end + 1);
    await handle.datasync();
  }
}

async function readLastLine(handle: FileHandle): Promise<string | undefined> {
  const { size } = await handle.stat();
  const end = await lastNewline(handle, size);
  if (end < 0) {
    return undefined;
  }
  const start = (await lastNewline(handle, end)) + 1;
  const line = Buffer.alloc(end - start);
  await handle.read(line, 0, line.length, start);
  return line.toString("utf8");
}

/** Offset of the last line end before `limit`; −1 when there is none. */
async function lastNewline(handle: FileHandle, limit: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let end = limit; end > 0;) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const { bytesRead } = await handle.read(chunk, 0, end - start, start);
    const found = chunk.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (found >= 0) {
      return start + found;
    }
    end = start;
  }
  return -1;
}
