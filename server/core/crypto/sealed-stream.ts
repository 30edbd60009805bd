/**
 * Authenticated encryption of streams of any length, for files: nothing is given out that was not proven, and neither order, length nor header
 * can be changed unnoticed. The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over AES-256-GCM:
 *   magic (8) ‖ header length (4, big endian) ‖ header JSON ‖ nonce prefix (7) ‖ chunks of 64 KiB + tag (16), the last one shorter or empty
 *   nonce of a chunk = prefix ‖ number (4) ‖ 1 for the last chunk, else 0        associated data = SHA-256 of everything before the chunks
 * A cut file lacks its last chunk and is refused.
 */
import { hash, randomBytes } from "node:crypto";
import { gcmOpen, gcmSeal } from "#server/core/crypto/aead.ts";
import { AppError } from "#server/core/errors.ts";

const MAGIC = Buffer.from("OCGFILE1", "latin1");
const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const PREFIX_BYTES = 7;
const MAX_HEADER_BYTES = 64 * 1024;

type Bytes = AsyncIterable<Uint8Array>;

/** @param header what a reader has to know before it has the key; readable by everybody, changeable by nobody who lacks the key. */
export async function* sealStream(key: Uint8Array, header: object, plain: Bytes): AsyncGenerator<Buffer, void, void> {
  const headerBytes = Buffer.from(JSON.stringify(header), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(headerBytes.length);
  const prefix = randomBytes(PREFIX_BYTES);
  const start = Buffer.concat([MAGIC, length, headerBytes, prefix]);
  const bound = hash("sha256", start, "buffer");
  yield start;
  let number = 0;
  let held: Buffer | null = null;
  for await (const chunk of inChunks(plain, CHUNK_BYTES)) {
    if (held !== null) {
      yield gcmSeal(key, nonceOf(prefix, number, false), held, bound);
      number += 1;
    }
    held = chunk;
  }
  yield gcmSeal(key, nonceOf(prefix, number, true), held ?? Buffer.alloc(0), bound);
}

export interface OpenedHeader {
  /** As it stands in the file: proven only once `content` has been read to its end. */
  header: unknown;
  /** @throws AppError("CANNOT_DECRYPT") at the first chunk that is not as it was written, or when the end is missing. */
  content(key: Uint8Array): AsyncGenerator<Buffer, void, void>;
}

/** @param name for messages. @throws AppError("CANNOT_DECRYPT") when it does not begin like a file of ours. */
export async function openStream(sealed: Bytes, name: string): Promise<OpenedHeader> {
  const reader = createReader(sealed);
  const fixed = await reader.take(MAGIC.length + 4);
  const headerLength = fixed.length === MAGIC.length + 4 ? fixed.readUInt32BE(MAGIC.length) : 0;
  if (!fixed.subarray(0, MAGIC.length).equals(MAGIC) || headerLength > MAX_HEADER_BYTES) {
    await reader.close();
    throw damaged(name, "is not a sealed file of this program, or it is cut");
  }
  const rest = await reader.take(headerLength + PREFIX_BYTES);
  const header = parseHeader(rest.subarray(0, headerLength));
  if (rest.length < headerLength + PREFIX_BYTES || header === undefined) {
    await reader.close();
    throw damaged(name, "is cut or damaged at its beginning");
  }
  const prefix = rest.subarray(headerLength);
  const bound = hash("sha256", Buffer.concat([fixed, rest]), "buffer");
  return {
    header,
    async *content(key) {
      try {
        let current = await reader.take(CHUNK_BYTES + TAG_BYTES);
        for (let number = 0; ; number += 1) {
          const next =
            current.length < CHUNK_BYTES + TAG_BYTES ? Buffer.alloc(0) : await reader.take(CHUNK_BYTES + TAG_BYTES);
          const last = next.length === 0;
          const plain = gcmOpen(key, nonceOf(prefix, number, last), current, bound);
          if (plain === null) {
            throw damaged(name, "was changed or cut, or the key is another one");
          }
          if (plain.length > 0) {
            yield plain;
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

function nonceOf(prefix: Uint8Array, number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(PREFIX_BYTES + 5);
  nonce.set(prefix);
  nonce.writeUInt32BE(number, PREFIX_BYTES);
  nonce.writeUInt8(last ? 1 : 0, PREFIX_BYTES + 4);
  return nonce;
}

function parseHeader(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

/** Pieces of exactly `size` bytes; only the last one may have fewer. */
async function* inChunks(source: Bytes, size: number): AsyncGenerator<Buffer, void, void> {
  const reader = createReader(source);
  for (let chunk = await reader.take(size); chunk.length > 0; chunk = await reader.take(size)) {
    yield chunk;
  }
}

interface Reader {
  /** So many bytes, or as many as there are left. */
  take(bytes: number): Promise<Buffer>;
  close(): Promise<void>;
}

function createReader(source: Bytes): Reader {
  const iterator = source[Symbol.asyncIterator]();
  let parts: Uint8Array[] = [];
  let held = 0;
  return {
    async take(bytes) {
      while (held < bytes) {
        const next = await iterator.next();
        if (next.done === true) {
          break;
        }
        parts.push(next.value);
        held += next.value.length;
      }
      const all = Buffer.concat(parts);
      const taken = all.subarray(0, bytes);
      parts = all.length > taken.length ? [all.subarray(taken.length)] : [];
      held = all.length - taken.length;
      return taken;
    },
    async close() {
      await iterator.return?.();
    },
  };
}

const damaged = (name: string, why: string): AppError =>
  new AppError("CANNOT_DECRYPT", `${name} ${why}. Nothing of it was used.`);
