/**
 * Files that anybody may read and nobody can change: the construction of `sealed-stream.ts` with a tag on each chunk instead of encryption.
 *   magic (8) ‖ header length (4, big endian) ‖ header JSON ‖ chunks of 64 KiB ‖ tag (32), the last one shorter or empty
 *   tag = HMAC-SHA256(key, SHA-256 of everything before the chunks ‖ number (8) ‖ 1 for the last chunk, else 0 ‖ chunk)
 */
import { createHmac, hash } from "node:crypto";
import { inChunks, takeFrom } from "#server/backups/chunks.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import { AppError } from "#server/core/errors.ts";

export const SIGNED_MAGIC = Buffer.from("OCGSIGN1", "latin1");
const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 32;
const MAX_HEADER_BYTES = 64 * 1024;

type Bytes = AsyncIterable<Uint8Array>;

export async function* signStream(key: Uint8Array, header: object, plain: Bytes): AsyncGenerator<Buffer, void, void> {
  const headerBytes = Buffer.from(JSON.stringify(header), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(headerBytes.length);
  const start = Buffer.concat([SIGNED_MAGIC, length, headerBytes]);
  const bound = hash("sha256", start, "buffer");
  yield start;
  let number = 0;
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of inChunks(plain, CHUNK_BYTES)) {
    if (number > 0) {
      yield Buffer.concat([held, tagOf(key, bound, number - 1, false, held)]);
    }
    held = chunk;
    number += 1;
  }
  yield Buffer.concat([held, tagOf(key, bound, Math.max(0, number - 1), true, held)]);
}

interface OpenedSigned {
  /** Proven only once `content` has been read to its end. */
  header: unknown;
  /** @throws AppError("CANNOT_DECRYPT") at the first chunk that is not as it was written, or when the end is missing. */
  content(key: Uint8Array): AsyncGenerator<Buffer, void, void>;
}

/** @param name for messages. @throws AppError("CANNOT_DECRYPT") when it does not begin like a file of ours. */
export async function openSigned(source: Bytes, name: string): Promise<OpenedSigned> {
  const reader = takeFrom(source);
  const fixed = await reader.take(SIGNED_MAGIC.length + 4);
  const length = fixed.length === SIGNED_MAGIC.length + 4 ? fixed.readUInt32BE(SIGNED_MAGIC.length) : 0;
  const headerBytes = length > MAX_HEADER_BYTES ? Buffer.alloc(0) : await reader.take(length);
  const header = parseHeader(headerBytes);
  if (
    !fixed.subarray(0, SIGNED_MAGIC.length).equals(SIGNED_MAGIC) ||
    headerBytes.length < length ||
    header === undefined
  ) {
    await reader.close();
    throw damaged(name, "is cut or damaged at its beginning");
  }
  const bound = hash("sha256", Buffer.concat([fixed, headerBytes]), "buffer");
  return {
    header,
    async *content(key) {
      try {
        let current = await reader.take(CHUNK_BYTES + TAG_BYTES);
        for (let number = 0; ; number += 1) {
          const full = current.length === CHUNK_BYTES + TAG_BYTES;
          const next = full ? await reader.take(CHUNK_BYTES + TAG_BYTES) : Buffer.alloc(0);
          const last = next.length === 0;
          const end = current.length - TAG_BYTES;
          const chunk = current.subarray(0, Math.max(0, end));
          if (end < 0 || !sameBytes(tagOf(key, bound, number, last, chunk), current.subarray(end))) {
            throw damaged(name, "was changed or cut");
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

function tagOf(key: Uint8Array, bound: Uint8Array, number: number, last: boolean, chunk: Uint8Array): Buffer {
  const place = Buffer.alloc(9);
  place.writeBigUInt64BE(BigInt(number));
  place.writeUInt8(last ? 1 : 0, 8);
  return createHmac("sha256", key).update(bound).update(place).update(chunk).digest();
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
