/** The plain lines of one file of the record, whatever form its name says it has: lines, compressed, sealed. */
import { open, type FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { archiveKey } from "#server/audit/files/archive.ts";
import { linesIn } from "#server/audit/files/lines.ts";
import { isCompressedFile, isSealedFile, packedForms } from "#server/audit/files/names.ts";
import { openLine } from "#server/audit/files/sealed-line.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { openStream } from "#server/core/crypto/sealed-stream.ts";
import { AppError, hasErrorCode, isAppError, messageOf } from "#server/core/errors.ts";

type Bytes = AsyncIterable<Uint8Array>;

export interface OpenedFile {
  path: string;
  handle: FileHandle;
  /** How much of it is read; default: all. */
  bytes?: number;
}

/**
 * Opens a file of the record; one that was packed since it was listed, in its new form.
 * @throws AppError("AUDIT_UNAVAILABLE") when it is missing or may not be read.
 */
export async function openRecordFile(path: string): Promise<OpenedFile> {
  for (const candidate of [path, ...packedForms(path)]) {
    try {
      return { path: candidate, handle: await open(candidate, "r") };
    } catch (error) {
      if (!hasErrorCode(error, "ENOENT")) {
        throw unreadable(path, error);
      }
    }
  }
  throw new AppError("AUDIT_UNAVAILABLE", `There is no file ${path}. Name a file of the record.`);
}

/**
 * Closes the file at its end.
 * @throws AppError("CANNOT_DECRYPT" | "AUDIT_UNAVAILABLE") that names file and line; nothing unproven of an archive is given out.
 */
export async function* plainLines(file: OpenedFile, keyring: Keyring | null): AsyncGenerator<string[], void, void> {
  const { path } = file;
  let line = 0;
  for await (const batch of linesIn(contentOf(file, keyring), path)) {
    yield batch.map((text) => openLine(keyring, text, `Line ${(line += 1)} of ${path}`));
  }
  if (line === 0 && (isSealedFile(path) || isCompressedFile(path))) {
    throw new AppError("AUDIT_UNAVAILABLE", `${path} holds no line: it was cut or replaced.`);
  }
}

async function* contentOf({ path, handle, bytes = Infinity }: OpenedFile, keyring: Keyring | null): Bytes {
  if (bytes === 0) {
    return;
  }
  const stored = handle.createReadStream({ start: 0, end: bytes - 1 });
  try {
    const opened = isSealedFile(path) ? await unseal(path, stored, keyring) : stored;
    yield* isCompressedFile(path) ? gunzip(opened) : opened;
  } catch (error) {
    throw isAppError(error) ? error : unreadable(path, error);
  } finally {
    stored.destroy();
    await handle.close();
  }
}

async function unseal(path: string, stored: Bytes, keyring: Keyring | null): Promise<Bytes> {
  const opened = await openStream(stored, path);
  return opened.content(archiveKey(opened.header, keyring, path).key);
}

async function* gunzip(compressed: Bytes): Bytes {
  const unzip = createGunzip();
  const feeding = pipeline(Readable.from(compressed), unzip);
  // What fails it also ends the loop over its output, which is where it is thrown.
  feeding.catch(() => undefined);
  yield* unzip as Bytes;
  await feeding;
}

function unreadable(path: string, cause: unknown): AppError {
  return new AppError("AUDIT_UNAVAILABLE", `The record file ${path} cannot be read: ${messageOf(cause)}.`, { cause });
}
