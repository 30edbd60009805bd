/**
 * The archive: entries, compressed, in a stream that is encrypted and authenticated, or authenticated alone.
 * What is read from it is proven piece by piece, and complete only when the manifest at its end agrees with all that came before.
 */
import { createHash, hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip, createGzip } from "node:zlib";
import { makeArchiveKey, openArchiveKey, type MasterCandidate } from "#server/backups/archive-key.ts";
import { linesOf } from "#server/core/stream/bytes.ts";
import { readEntries, writeEntries, type Entry } from "#server/backups/entries.ts";
import { createRowDigest } from "#server/backups/row-digest.ts";
import { ArchiveHeader, FORMAT, Manifest, type EntryHead } from "#server/backups/schema.ts";
import { openSigned, signStream, SIGNED_MAGIC } from "#server/core/crypto/signed-stream.ts";
import type { OpenedStream } from "#server/core/crypto/framed-stream.ts";
import { openStream, sealStream } from "#server/core/crypto/sealed-stream.ts";
import type { MasterSecret } from "#server/core/crypto/keyring/index.ts";
import { AppError, isAppError } from "#server/core/errors.ts";
import { randomId } from "#server/core/ids.ts";

type Bytes = AsyncIterable<Uint8Array>;
type ContentHead = Exclude<EntryHead, { type: "manifest" }>;

/** An entry of the caller; the manifest is added here. */
export interface ContentEntry extends Entry {
  head: ContentHead;
}

interface ArchiveFacts extends Pick<ArchiveHeader, "kind" | "version" | "schema"> {
  createdAt: Date;
  encrypted: boolean;
  /** Rounds of key derivation. */
  iterations: number;
}

/**
 * The bytes of a new archive.
 * @param auditHead asked when all entries have been written.
 */
export async function* writeArchive(
  master: MasterSecret,
  { kind, version, schema, createdAt, encrypted, iterations }: ArchiveFacts,
  entries: AsyncIterable<ContentEntry>,
  auditHead: () => Manifest["audit"],
): AsyncGenerator<Buffer, void, void> {
  const id = randomId("bak");
  const { key, wrapped } = await makeArchiveKey(master, id, iterations);
  const header: ArchiveHeader = {
    format: FORMAT,
    kind,
    id,
    createdAt: createdAt.toISOString(),
    version,
    schema,
    encryption: encrypted ? "AES-256-GCM" : "none",
    key: wrapped,
  };
  const plain = through(writeEntries(withManifest(entries, auditHead)), createGzip());
  yield* encrypted ? sealStream(key, header, plain) : signStream(key, header, plain);
}

async function* withManifest(
  entries: AsyncIterable<ContentEntry>,
  auditHead: () => Manifest["audit"],
): AsyncGenerator<Entry, void, void> {
  const written: Manifest["entries"] = [];
  for await (const { head, content } of entries) {
    const measured = measure(head, content);
    yield { head, content: measured.content };
    written.push(measured.facts());
  }
  const manifest: Manifest = { entries: written, audit: auditHead() };
  yield { head: { type: "manifest" }, content: Readable.from([Buffer.from(JSON.stringify(manifest), "utf8")]) };
}

/** Passes the content on and counts it. `facts` are complete when it has been read to its end. */
function measure(head: ContentHead, content: Bytes): { content: Bytes; facts: () => Manifest["entries"][number] } {
  const sha256 = createHash("sha256");
  const rows = head.type === "table" ? createRowDigest() : null;
  let bytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of content) {
      sha256.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  async function* split(): AsyncGenerator<Uint8Array, void, void> {
    for await (const line of linesOf(counted())) {
      rows?.add(line);
      yield Buffer.from(`${line}\n`, "utf8");
    }
  }
  return {
    content: head.type === "table" ? split() : counted(),
    facts() {
      const common = { bytes, sha256: sha256.digest("hex") };
      return head.type === "table"
        ? { ...head, ...common, rows: rows?.count() ?? 0, digest: rows?.digest() ?? "" }
        : { ...head, ...common };
    },
  };
}

export interface OpenArchive {
  header: ArchiveHeader;
  /** The secret that opened it. */
  master: MasterCandidate;
  /**
   * The entries, to be read in order. Ends only when the manifest agrees with everything that came before.
   * @throws AppError("CANNOT_DECRYPT") when anything is not as it was written.
   */
  entries(): AsyncGenerator<ContentEntry, Manifest, void>;
}

/**
 * Opens an archive for reading once or more often.
 * @param file absolute path. @param name for messages. @param candidates asked for only when the file is one of this format.
 * @throws AppError CANNOT_DECRYPT when it is none of ours, damaged at its beginning, or of another master secret; CONFLICT when its format is
 * of another version.
 */
export async function openArchive(
  file: string,
  name: string,
  candidates: () => readonly MasterCandidate[],
): Promise<OpenArchive> {
  const header = checkHeader(await readHeader(file, name), name);
  const { key, master } = await openArchiveKey(header, candidates(), name);
  const start = headerDigest(header);
  return {
    header,
    master,
    async *entries() {
      const opened = await openFile(file, name);
      if (headerDigest(checkHeader(opened.header, name)) !== start) {
        throw new AppError("CANNOT_DECRYPT", `${name} was exchanged while it was read. Nothing of it was used.`);
      }
      return yield* checkedEntries(through(opened.content(key), createGunzip()), name);
    },
  };
}

/** The header of a file, unproven: for lists. Null when it is none of ours. */
export async function peekHeader(file: string): Promise<ArchiveHeader | null> {
  try {
    return checkHeader(await readHeader(file, file), file);
  } catch (error) {
    if (isAppError(error)) {
      return null;
    }
    throw error;
  }
}

async function readHeader(file: string, name: string): Promise<unknown> {
  const { header, close } = await openFile(file, name);
  close();
  return header;
}

async function openFile(file: string, name: string): Promise<OpenedStream & { close: () => void }> {
  const magic = await firstBytes(file, name);
  const bytes = createReadStream(file);
  const opened = await (magic.equals(SIGNED_MAGIC) ? openSigned(bytes, name) : openStream(bytes, name));
  return { ...opened, close: () => void bytes.destroy() };
}

async function firstBytes(file: string, name: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  try {
    for await (const chunk of createReadStream(file, { end: SIGNED_MAGIC.length - 1 })) {
      parts.push(chunk as Buffer);
    }
  } catch (error) {
    throw new AppError("NOT_FOUND", `The backup ${name} cannot be read. Check its name, owner and mode.`, {
      cause: error,
    });
  }
  return Buffer.concat(parts);
}

function checkHeader(written: unknown, name: string): ArchiveHeader {
  const header = ArchiveHeader.safeParse(written);
  if (header.success) {
    return header.data;
  }
  const format =
    typeof written === "object" && written !== null && "format" in written ? String(written.format).slice(0, 64) : "";
  if (/^openclaw-backup\/\d+$/.test(format) && format !== FORMAT) {
    throw new AppError(
      "CONFLICT",
      `${name} has the format ${format}; this version reads ${FORMAT}. Restore it with the version of the gateway that made it. Nothing was changed.`,
    );
  }
  throw new AppError("CANNOT_DECRYPT", `${name} does not begin like a backup of this program. Nothing of it was used.`);
}

const headerDigest = (header: ArchiveHeader): string => hash("sha256", JSON.stringify(header));

async function* checkedEntries(plain: Bytes, name: string): AsyncGenerator<ContentEntry, Manifest, void> {
  const read: Manifest["entries"] = [];
  let manifest: Manifest | null = null;
  for await (const { head, content } of readEntries(plain, name)) {
    if (manifest !== null) {
      throw disagrees(name);
    }
    if (head.type === "manifest") {
      manifest = await parseManifest(content, name);
      continue;
    }
    const measured = measure(head, content);
    const rest = measured.content[Symbol.asyncIterator]();
    yield { head, content: { [Symbol.asyncIterator]: () => ({ next: () => rest.next() }) } };
    // Whatever the reader left is measured as well.
    for (let next = await rest.next(); next.done !== true; next = await rest.next());
    read.push(measured.facts());
  }
  if (manifest === null || JSON.stringify(manifest.entries) !== JSON.stringify(read)) {
    throw disagrees(name);
  }
  return manifest;
}

async function parseManifest(content: Bytes, name: string): Promise<Manifest> {
  const parts: Uint8Array[] = [];
  for await (const part of content) {
    parts.push(part);
  }
  try {
    return Manifest.parse(JSON.parse(Buffer.concat(parts).toString("utf8")));
  } catch {
    throw disagrees(name);
  }
}

const disagrees = (name: string): AppError =>
  new AppError("CANNOT_DECRYPT", `${name} does not hold what its list of contents says. Nothing of it was used.`);

/** Bytes through a transformation; an error on either side ends the reading with that error. */
async function* through(
  source: Bytes,
  transform: ReturnType<typeof createGzip> | ReturnType<typeof createGunzip>,
): AsyncGenerator<Buffer, void, void> {
  let failure: unknown;
  pipeline(Readable.from(source, { objectMode: false }), transform, (error) => {
    failure = error ?? undefined;
  });
  try {
    for await (const chunk of transform) {
      yield chunk as Buffer;
    }
  } catch (error) {
    throw failure ?? error;
  }
}
