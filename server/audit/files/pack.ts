/**
 * A rotated file becomes an archive: its lines opened, compressed, and sealed as one stream. The draft takes its name once it is whole and
 * durable; only then the file it was made from is removed, so that at any moment the rows stand in one complete file.
 * Without encryption lines stay as they are: one that was sealed never becomes plain.
 */
import { open, rename, rm, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { archiveHeader } from "#server/audit/files/archive.ts";
import { openRecordFile, plainLines } from "#server/audit/files/file-lines.ts";
import { draftPath, packedPath, type RotatedFile } from "#server/audit/files/names.ts";
import { syncFolder } from "#server/core/atomic-write.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { sealStream } from "#server/core/crypto/sealed-stream.ts";

type Bytes = AsyncIterable<Uint8Array>;

export interface PackOptions {
  compression: boolean;
  /** Null leaves the lines as they are. */
  keyring: Keyring | null;
  /** Permission bits, whatever the umask. */
  mode: number;
  signal: AbortSignal;
}

/** The archive keeps the rotated file's time of change. With neither compression nor encryption the file stays as it is. */
export async function packFile(file: RotatedFile, options: PackOptions): Promise<void> {
  const target = packedPath(file.path, options.compression, options.keyring !== null);
  if (target === file.path) {
    return;
  }
  const draft = draftPath(target);
  try {
    await writeDraft(draft, file, options);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await rename(draft, target);
  syncFolder(dirname(target));
  await unlink(file.path);
}

async function writeDraft(
  draft: string,
  file: RotatedFile,
  { compression, keyring, mode, signal }: PackOptions,
): Promise<void> {
  const { atime, mtime } = await stat(file.path);
  const handle = await open(draft, "w", mode);
  try {
    await handle.chmod(mode);
    await pipeline(
      Readable.from(keyring === null ? storedBytes(file) : openedBytes(file, keyring)),
      compression ? createGzip() : unchanged,
      (source: Bytes) => (keyring === null ? source : sealed(file, keyring, source)),
      async (source: Bytes) => {
        for await (const chunk of source) {
          await handle.writeFile(chunk);
        }
      },
      { signal },
    );
    await handle.utimes(atime, mtime);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function sealed({ firstSeq, lastSeq }: RotatedFile, keyring: Keyring, source: Bytes): Bytes {
  const key = keyring.current("audit-log");
  return sealStream(key.key, archiveHeader(firstSeq, lastSeq, key), source);
}

async function* unchanged(source: Bytes): Bytes {
  yield* source;
}

async function* storedBytes({ path }: RotatedFile): Bytes {
  const { handle } = await openRecordFile(path);
  yield* handle.createReadStream() as Bytes;
}

async function* openedBytes({ path }: RotatedFile, keyring: Keyring): Bytes {
  for await (const lines of plainLines(await openRecordFile(path), keyring)) {
    yield Buffer.from(`${lines.join("\n")}\n`);
  }
}
