/**
 * A file of lines that is only added to, durable line by line, and rotated: given its rows' numbers as a name, with a new one begun.
 * Its time of change becomes that of its newest row, so that the age of what it holds can be seen without reading it.
 */
import { constants, existsSync } from "node:fs";
import { link, mkdir, open, rename, utimes, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { clearHalfDone } from "#server/audit/files/half-done.ts";
import { asidePath, draftPath, rotatedPath } from "#server/audit/files/names.ts";
import { syncFolder } from "#server/core/atomic-write.ts";

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** Number and time (milliseconds since 1970) of a row. */
export interface RowFacts {
  seq: number;
  atMs: number;
}

interface LiveFileOptions {
  /** Permission bits, whatever the umask; looked at with every change. */
  mode: () => number;
  /** What a stored line says about its row, or null when it cannot be read. */
  factsOf: (stored: string) => Promise<RowFacts | null>;
}

export interface LiveFile {
  /** Null while the file is empty. */
  readonly oldest: RowFacts | null;
  readonly newest: RowFacts | null;
  readonly bytes: number;
  /** The last complete line without its line end, or undefined when there is none. */
  lastLine(): Promise<string | undefined>;
  /** Durable when it resolves. @param rows facts of the first and the last line. */
  append(lines: readonly string[], rows: { first: RowFacts; last: RowFacts }): Promise<void>;
  /** Gives the present file its name and starts an empty one. @returns the name, or null when the file is empty. */
  rotate(): Promise<string | null>;
  /** Keeps the present file under another name and starts an empty one. @returns the name. */
  setAside(): Promise<string>;
  close(): Promise<void>;
}

/** Opens the file, makes it when missing, and makes good what a crash left half done: an unfinished rotation, an incomplete line. */
export async function openLiveFile(file: string, { mode, factsOf }: LiveFileOptions): Promise<LiveFile> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  clearHalfDone(file);
  let appliedMode = mode();
  let handle = await openForAppend(file, appliedMode);
  let bytes = await cutTornLine(handle);
  let oldest = bytes === 0 ? null : await factsAt(handle, bytes, "first");
  let newest = bytes === 0 ? null : await factsAt(handle, bytes, "last");

  /** A line that cannot be read still takes its place in the file's name and age. */
  async function factsAt(from: FileHandle, size: number, which: "first" | "last"): Promise<RowFacts> {
    const line = which === "first" ? await readFirstLine(from) : await readLastLine(from, size);
    const facts = line === undefined ? null : await factsOf(line);
    return facts ?? { seq: 0, atMs: (await from.stat()).mtimeMs };
  }

  /** At every moment there is a file with the live name, so that readers always find one. */
  async function keepAs(name: string): Promise<void> {
    const old = handle;
    // Where there are no hard links there is no such file for a moment.
    await link(file, name).catch(() => rename(file, name));
    appliedMode = mode();
    handle = await openForAppend(draftPath(file), appliedMode);
    await rename(draftPath(file), file);
    bytes = 0;
    oldest = null;
    newest = null;
    await old.close();
    syncFolder(dirname(file));
  }

  return {
    get oldest() {
      return oldest;
    },
    get newest() {
      return newest;
    },
    get bytes() {
      return bytes;
    },
    lastLine: () => readLastLine(handle, bytes),
    async append(lines, { first, last }) {
      if (mode() !== appliedMode) {
        appliedMode = mode();
        await handle.chmod(appliedMode);
      }
      const added = Buffer.from(`${lines.join("\n")}\n`);
      await handle.appendFile(added);
      await handle.datasync();
      bytes += added.length;
      oldest ??= first;
      newest = last;
    },
    async rotate() {
      if (oldest === null || newest === null) {
        return null;
      }
      const name = rotatedPath(file, oldest.seq, newest.seq);
      if (existsSync(name)) {
        await rename(name, asidePath(name));
      }
      const newestAt = new Date(newest.atMs);
      await keepAs(name);
      await utimes(name, newestAt, newestAt);
      return name;
    },
    async setAside() {
      const name = asidePath(file);
      await keepAs(name);
      return name;
    },
    close: () => handle.close(),
  };
}

async function openForAppend(file: string, mode: number): Promise<FileHandle> {
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, mode);
  await handle.chmod(mode);
  return handle;
}

/** Size of all complete lines. */
export async function completeBytes(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  return (await lastNewline(handle, size)) + 1;
}

/** @returns the size that is left. */
async function cutTornLine(handle: FileHandle): Promise<number> {
  const complete = await completeBytes(handle);
  if (complete < (await handle.stat()).size) {
    await handle.truncate(complete);
    await handle.datasync();
  }
  return complete;
}

/** Read without moving the handle's position. */
export async function readFirstLine(handle: FileHandle): Promise<string | undefined> {
  for await (const line of handle.readLines({ start: 0, autoClose: false })) {
    return line;
  }
  return undefined;
}

/** The last complete line within the first `size` bytes. */
export async function readLastLine(handle: FileHandle, size: number): Promise<string | undefined> {
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
