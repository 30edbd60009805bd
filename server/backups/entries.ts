/**
 * Entries in one stream of bytes, each with a head and a content of any length. Pure.
 *   entry: head length (4, big endian, not 0) ‖ head JSON ‖ pieces ‖ 0 (4)      piece: length (4, not 0) ‖ bytes      end: 0 (4)
 * Whoever reads has proven the bytes before; what they say is still checked, and bounded.
 */
import { takeFrom, type ByteReader } from "#server/core/stream/bytes.ts";
import { EntryHead } from "#server/backups/schema.ts";
import { AppError } from "#server/core/errors.ts";

const MAX_HEAD_BYTES = 64 * 1024;
const MAX_PIECE_BYTES = 1024 * 1024;

type Bytes = AsyncIterable<Uint8Array>;

export interface Entry {
  head: EntryHead;
  /** To be read once, and before the next entry; what is left unread is skipped. */
  content: Bytes;
}

export async function* writeEntries(entries: AsyncIterable<Entry>): AsyncGenerator<Buffer, void, void> {
  for await (const { head, content } of entries) {
    const json = Buffer.from(JSON.stringify(head), "utf8");
    yield Buffer.concat([uint32(json.length), json]);
    for await (const bytes of content) {
      for (let at = 0; at < bytes.length; at += MAX_PIECE_BYTES) {
        const piece = bytes.subarray(at, at + MAX_PIECE_BYTES);
        yield Buffer.concat([uint32(piece.length), piece]);
      }
    }
    yield uint32(0);
  }
  yield uint32(0);
}

/** @param name for messages. @throws AppError("CANNOT_DECRYPT") for anything that `writeEntries` does not write. */
export async function* readEntries(source: Bytes, name: string): AsyncGenerator<Entry, void, void> {
  const reader = takeFrom(source);
  try {
    for (;;) {
      const length = await takeLength(reader, MAX_HEAD_BYTES, name);
      if (length === 0) {
        break;
      }
      const head = parseHead(await takeAll(reader, length, name), name);
      const body = pieces(reader, name);
      yield { head, content: body.content };
      await body.skip();
    }
    if ((await reader.take(1)).length > 0) {
      throw damaged(name);
    }
  } finally {
    await reader.close();
  }
}

function pieces(reader: ByteReader, name: string): { content: Bytes; skip: () => Promise<void> } {
  let ended = false;
  async function next(): Promise<Buffer | null> {
    const length = ended ? 0 : await takeLength(reader, MAX_PIECE_BYTES, name);
    ended = length === 0;
    return ended ? null : takeAll(reader, length, name);
  }
  return {
    content: (async function* () {
      for (let piece = await next(); piece !== null; piece = await next()) {
        yield piece;
      }
    })(),
    async skip() {
      while ((await next()) !== null);
    },
  };
}

function parseHead(bytes: Buffer, name: string): EntryHead {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw damaged(name);
  }
  const head = EntryHead.safeParse(parsed);
  if (!head.success) {
    // The words of an entry that names a place outside of the home, or is none of ours, are not repeated.
    throw new AppError(
      "CANNOT_DECRYPT",
      `${name} holds an entry that has no place in a home of this program. Nothing of it was used.`,
    );
  }
  return head.data;
}

async function takeLength(reader: ByteReader, max: number, name: string): Promise<number> {
  const length = (await takeAll(reader, 4, name)).readUInt32BE();
  if (length > max) {
    throw damaged(name);
  }
  return length;
}

async function takeAll(reader: ByteReader, bytes: number, name: string): Promise<Buffer> {
  const taken = await reader.take(bytes);
  if (taken.length < bytes) {
    throw damaged(name);
  }
  return taken;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const damaged = (name: string): AppError =>
  new AppError("CANNOT_DECRYPT", `${name} is not laid out like a backup of this version. Nothing of it was used.`);
