/**
 * Files that anybody may read and nobody can change: a tag on each chunk in the frame of `framed-stream.ts`, instead of encryption.
 * Tag = HMAC-SHA256(key, SHA-256 of everything before the chunks ‖ number (8) ‖ 1 for the last chunk, else 0 ‖ chunk).
 */
import { createHmac } from "node:crypto";
import {
  readFramed,
  writeFramed,
  type ChunkPlace,
  type ChunkScheme,
  type OpenedStream,
} from "#server/core/crypto/framed-stream.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import type { Bytes } from "#server/core/stream/bytes.ts";

export const SIGNED_MAGIC = Buffer.from("OCGSIGN1", "latin1");
const TAG_BYTES = 32;

const SIGNED: ChunkScheme = {
  magic: SIGNED_MAGIC,
  saltBytes: 0,
  addedBytes: TAG_BYTES,
  close: (key, chunk, place) => Buffer.concat([chunk, tagOf(key, chunk, place)]),
  open(key, stored, place) {
    const end = stored.length - TAG_BYTES;
    const chunk = stored.subarray(0, Math.max(0, end));
    return end >= 0 && sameBytes(tagOf(key, chunk, place), stored.subarray(end)) ? chunk : null;
  },
};

function tagOf(key: Uint8Array, chunk: Uint8Array, { bound, number, last }: ChunkPlace): Buffer {
  const place = Buffer.alloc(9);
  place.writeBigUInt64BE(BigInt(number));
  place.writeUInt8(last ? 1 : 0, 8);
  return createHmac("sha256", key).update(bound).update(place).update(chunk).digest();
}

export const signStream = (key: Uint8Array, header: object, plain: Bytes): AsyncGenerator<Buffer, void, void> =>
  writeFramed(SIGNED, key, header, plain);

/** @param name for messages. @throws AppError("CANNOT_DECRYPT") when it does not begin like a signed file. */
export const openSigned = (source: Bytes, name: string): Promise<OpenedStream> => readFramed(SIGNED, source, name);
