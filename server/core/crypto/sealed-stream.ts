/**
 * Authenticated encryption of streams of any length, for files: the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over
 * AES-256-GCM in the frame of `framed-stream.ts`. Nonce of a chunk = salt (7) ‖ number (4) ‖ 1 for the last chunk, else 0.
 */
import { gcmOpen, gcmSeal } from "#server/core/crypto/aead.ts";
import {
  readFramed,
  writeFramed,
  type ChunkPlace,
  type ChunkScheme,
  type OpenedStream,
} from "#server/core/crypto/framed-stream.ts";
import type { Bytes } from "#server/core/stream/bytes.ts";

const SALT_BYTES = 7;

const SEALED: ChunkScheme = {
  magic: Buffer.from("OCGFILE1", "latin1"),
  saltBytes: SALT_BYTES,
  addedBytes: 16,
  close: (key, chunk, place) => gcmSeal(key, nonceOf(place), chunk, place.bound),
  open: (key, stored, place) => gcmOpen(key, nonceOf(place), stored, place.bound),
};

function nonceOf({ salt, number, last }: ChunkPlace): Buffer {
  const nonce = Buffer.alloc(SALT_BYTES + 5);
  nonce.set(salt);
  nonce.writeUInt32BE(number, SALT_BYTES);
  nonce.writeUInt8(last ? 1 : 0, SALT_BYTES + 4);
  return nonce;
}

/** @param header readable by everybody, changeable by nobody who lacks the key. */
export const sealStream = (key: Uint8Array, header: object, plain: Bytes): AsyncGenerator<Buffer, void, void> =>
  writeFramed(SEALED, key, header, plain);

/** @param name for messages. @throws AppError("CANNOT_DECRYPT") when it does not begin like a sealed file. */
export const openStream = (sealed: Bytes, name: string): Promise<OpenedStream> => readFramed(SEALED, sealed, name);
