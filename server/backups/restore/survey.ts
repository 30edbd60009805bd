/** The first reading of an archive: everything in it is proven before anything is decided, and what decisions need is kept. */
import { hash } from "node:crypto";
import type { OpenArchive } from "#server/backups/archive.ts";
import { linesOf } from "#server/core/stream/bytes.ts";
import type { ArchiveHeader, Manifest } from "#server/backups/schema.ts";
import { isPolicy } from "#server/backups/tables.ts";
import { AppError } from "#server/core/errors.ts";
import type { MasterCandidate } from "#server/backups/archive-key.ts";

/** More is no configuration or key of ours. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** The rows of a policy table by name: what tells whether two of them differ. */
export type RowHashes = ReadonlyMap<string, string>;

export interface Survey {
  name: string;
  header: ArchiveHeader;
  master: MasterCandidate;
  manifest: Manifest;
  /** Null when the home had no configuration file. */
  config: Buffer | null;
  keys: ReadonlyMap<string, Buffer>;
  policy: ReadonlyMap<string, RowHashes>;
}

/** @throws AppError("CANNOT_DECRYPT") when anything in the archive is not as it was written. */
export async function surveyArchive(archive: OpenArchive, name: string): Promise<Survey> {
  const keys = new Map<string, Buffer>();
  const policy = new Map<string, RowHashes>();
  let config: Buffer | null = null;
  const entries = archive.entries();
  let next = await entries.next();
  for (; next.done !== true; next = await entries.next()) {
    const { head, content } = next.value;
    if (head.type === "table" && isPolicy(head.name)) {
      policy.set(head.name, await hashRows(content));
    } else if (head.type === "file" && head.area === "config") {
      config = await keep(content, name);
    } else if (head.type === "file" && head.area === "keys") {
      keys.set(head.name, await keep(content, name));
    }
  }
  return { name, header: archive.header, master: archive.master, manifest: next.value, config, keys, policy };
}

async function hashRows(content: AsyncIterable<Uint8Array>): Promise<RowHashes> {
  const rows = new Map<string, string>();
  for await (const line of linesOf(content)) {
    rows.set(rowKey(line), hash("sha256", line));
  }
  return rows;
}

/** Every policy table is keyed by its first column. */
export function rowKey(line: string): string {
  const first: unknown = (JSON.parse(line) as unknown[])[0];
  return String(first);
}

async function keep(content: AsyncIterable<Uint8Array>, name: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of content) {
    bytes += part.length;
    if (bytes > MAX_KEPT_BYTES) {
      throw new AppError(
        "CANNOT_DECRYPT",
        `${name} holds a key or configuration file that is too large. Nothing of it was used.`,
      );
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
