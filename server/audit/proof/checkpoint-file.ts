/**
 * The checkpoints as a file beside the record's, one signed note per block with an empty line after it: to be shipped off the machine,
 * so that whoever takes it over later cannot make them forgotten.
 */
import { constants, createReadStream } from "node:fs";
import { mkdir, open, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { AppError, hasErrorCode } from "#server/core/errors.ts";

/** DATA-4: the group may read logs, nobody else. */
const MODE = 0o640;
/** Far more than the last note of the file takes. */
const TAIL_BYTES = 64 * 1024;
const END_OF_BLOCK = Buffer.from("\n\n");

export interface CheckpointFile {
  /** The last complete note, or null. */
  readonly last: string | null;
  /** Durable when it resolves. */
  append(notes: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export function checkpointFile(mirrorFile: string): string {
  return join(dirname(mirrorFile), "audit-checkpoints.txt");
}

/** Opens the file, makes it when missing, and cuts off a block that a crash left incomplete. */
export async function openCheckpointFile(file: string): Promise<CheckpointFile> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const handle = await open(file, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, MODE);
  await handle.chmod(MODE);
  const last = await readLastBlock(handle);
  return {
    last,
    async append(notes) {
      await handle.appendFile(notes.map((note) => `${note}\n`).join(""));
      await handle.datasync();
    },
    close: () => handle.close(),
  };
}

async function readLastBlock(handle: FileHandle): Promise<string | null> {
  const { size } = await handle.stat();
  const start = Math.max(0, size - TAIL_BYTES);
  const tail = Buffer.alloc(size - start);
  await handle.read(tail, 0, tail.length, start);
  const text = tail.toString("latin1");
  // A block ends with the line of a signature and an empty line; the dash is three bytes long.
  const blocks = [...text.matchAll(/(?:^|\n)\u00e2\u0080\u0094 [^\n]+\n\n/g)];
  const [previous, end] = [blocks.at(-2), blocks.at(-1)];
  const length = end === undefined ? 0 : end.index + end[0].length;
  if (start + length < size && (start === 0 || length > 0)) {
    await handle.truncate(start + length);
    await handle.datasync();
  }
  const from = previous === undefined ? 0 : previous.index + previous[0].length;
  return length === 0 ? null : tail.subarray(from, length - 1).toString("utf8");
}

const SETTLE_MS = 50;
const SETTLE_TRIES = 40;

/**
 * The notes that the file holds at the moment of the call, however it grows later; none when there is no file. What follows the last
 * complete one is given as it stands.
 */
export async function openNotes(file: string): Promise<AsyncIterable<string>> {
  try {
    for (let left = SETTLE_TRIES; ; left -= 1) {
      const handle = await open(file, constants.O_RDONLY);
      try {
        const { size } = await handle.stat();
        const end = Buffer.alloc(Math.min(2, size));
        await handle.read(end, 0, end.length, size - end.length);
        // Otherwise the sealer is just writing.
        if (size === 0 || end.equals(END_OF_BLOCK) || left === 0) {
          return readNotes(file, size);
        }
      } finally {
        await handle.close();
      }
      await delay(SETTLE_MS);
    }
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) {
      return readNotes(file, 0);
    }
    throw new AppError("AUDIT_UNAVAILABLE", `${file} cannot be read. Check its owner and mode (0640).`, {
      cause: error,
    });
  }
}

async function* readNotes(file: string, size: number): AsyncGenerator<string, void, void> {
  if (size === 0) {
    return;
  }
  let note = "";
  const input = createReadStream(file, { encoding: "utf8", end: size - 1 });
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line === "" && /(?:^|\n)— [^\n]+\n$/u.test(note)) {
      yield note;
      note = "";
    } else if (note !== "" || line !== "") {
      note += `${line}\n`;
    }
  }
  if (note !== "") {
    yield note;
  }
}
