/**
 * Files of proven chunks: nothing is given out that was not proven, and neither order, length nor header can be changed unnoticed. What proves
 * a chunk, and whether it is readable without the key, is the scheme's; the frame is
 *   magic (8) ‖ header length (4, big endian) ‖ header JSON ‖ salt ‖ chunks of 64 KiB with what the scheme adds, the last one shorter or empty
 * Each chunk is bound to everything before the first one, to its number, and to whether it is the last: a cut file lacks its last chunk.
 */
import { hash, randomBytes } from "node:crypto";
import { AppError } from "#server/core/errors.ts";
import { inChunks, takeFrom, type Bytes } from "#server/core/stream/bytes.ts";

const CHUNK_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 64 * 1024;

/** Where a chunk stands. */
export interface ChunkPlace {
  /** SHA-256 of everything before the chunks. */
  bound: Buffer;
  salt: Buffer;
  number: number;
  last: boolean;
}

export interface ChunkScheme {
  /** Eight bytes that a file of this scheme begins with. */
  magic: Buffer;
  /** Random bytes of each file. */
  saltBytes: number;
  /** Bytes that it adds to a chunk. */
  addedBytes: number;
  close(key: Uint8Array, chunk: Buffer, place: ChunkPlace): Buffer;
  /** Null for a chunk that is not as it was written, or not in its place. */
  open(key: Uint8Array, stored: Buffer, place: ChunkPlace): Buffer | null;
}

/** @param header what a reader has to know before it has the key; readable by everybody, changeable by nobody who lacks the key. */
export async function* writeFramed(
  scheme: ChunkScheme,
  key: Uint8Array,
  header: object,
  plain: Bytes,
): AsyncGenerator<Buffer, void, void> {
  const headerBytes = Buffer.from(JSON.stringify(header), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(headerBytes.length);
  const salt = randomBytes(scheme.saltBytes);
  const start = Buffer.concat([scheme.magic, length, headerBytes, salt]);
  const bound = hash("sha256", start, "buffer");
  yield start;
  let number = 0;
  let held: Buffer | null = null;
  for await (const chunk of inChunks(plain, CHUNK_BYTES)) {
    if (held !== null) {
      yield scheme.close(key, held, { bound, salt, number, last: false });
      number += 1;
    }
    held = chunk;
  }
  yield scheme.close(key, held ?? Buffer.alloc(0), { bound, salt, number, last: true });
}

export interface OpenedStream {
  /** As it stands in the file: proven only once `content` has been read to its end. */
  header: unknown;
  /** @throws AppError("CANNOT_DECRYPT") at the first chunk that is not as it was written, or when the end is missing. */
  content(key: Uint8Array): AsyncGenerator<Buffer, void, void>;
}

/** @param name for messages. @throws AppError("CANNOT_DECRYPT") when it does not begin like a file of this scheme. */
export async function readFramed(scheme: ChunkScheme, source: Bytes, name: string): Promise<OpenedStream> {
  const reader = takeFrom(source);
  const { magic, saltBytes } = scheme;
  const fixed = await reader.take(magic.length + 4);
  const headerLength = fixed.length === magic.length + 4 ? fixed.readUInt32BE(magic.length) : 0;
  if (!fixed.subarray(0, magic.length).equals(magic) || headerLength > MAX_HEADER_BYTES) {
    await reader.close();
    throw damaged(name, "is not a sealed file of this program, or it is cut");
  }
  const rest = await reader.take(headerLength + saltBytes);
  const header = parseHeader(rest.subarray(0, headerLength));
  if (rest.length < headerLength + saltBytes || header === undefined) {
    await reader.close();
    throw damaged(name, "is cut or damaged at its beginning");
  }
  const salt = rest.subarray(headerLength);
  const bound = hash("sha256", Buffer.concat([fixed, rest]), "buffer");
  const storedBytes = CHUNK_BYTES + scheme.addedBytes;
  return {
    header,
    async *content(key) {
      try {
        let current = await reader.take(storedBytes);
        for (let number = 0; ; number += 1) {
          const next = current.length < storedBytes ? Buffer.alloc(0) : await reader.take(storedBytes);
          const last = next.length === 0;
          const chunk = scheme.open(key, current, { bound, salt, number, last });
          if (chunk === null) {
            throw damaged(name, "was changed or cut, or the key is another one");
          }
          if (chunk.length > 0) {
            yield chunk;
          }
          if (last) {
            return;
          }
          current = next;
        }
      } finally {
        await reader.close();
      }
    },
  };
}

function parseHeader(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

const damaged = (name: string, why: string): AppError =>
  new AppError("CANNOT_DECRYPT", `${name} ${why}. Nothing of it was used.`);
