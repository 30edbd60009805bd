/**
 * What archives would do when they are unpacked, from their tables of contents and, where there is none, from a bounded look inside.
 * Pure. Threat: a small file that becomes a huge one, an entry that lands outside (CVE-2026-28453), archives in archives without end.
 * Formats: ZIP (APPNOTE 6.3.10, sections 4.3.12 and 4.3.16), tar (POSIX ustar, GNU and pax names), gzip (RFC 1952).
 */
import { gunzipSync, inflateRawSync } from "node:zlib";
import { hasErrorCode } from "#server/core/errors.ts";
import { readTar } from "#server/files/tar.ts";
import type { FileFinding } from "#server/files/schema.ts";

export interface ArchiveEntry {
  name: string;
  /** Target of a link; null = no link. A ZIP keeps it in the content, so it counts as leading out. */
  link: string | null;
}

/** What a file may become: more is a bomb. Ordinary text shrinks by a factor of up to 30 or so. */
const MAX_UNPACKED_BYTES = 1024 ** 3;
const MAX_RATIO = 200;
/** Small files may shrink by any factor. */
const RATIO_COUNTS_FROM_BYTES = 1024 * 1024;
const MAX_ENTRIES = 10_000;
const MAX_DEPTH = 3;
/** How much is unpacked in memory to look inside, all levels together. */
const LOOK_BYTES = 64 * 1024 * 1024;

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;
const END_LENGTH = 22;
const NESTED = /\.(?:zip|jar|gz|tgz|tar)$/i;

/** How much may still be unpacked and how deep one is; files that are looked at together share one. */
export interface Look {
  budget: number;
  depth: number;
}

export const newLook = (): Look => ({ budget: LOOK_BYTES, depth: 1 });

/** @returns null when `content` is no archive that is known here. */
export function inspectArchive(content: Buffer, look: Look = newLook()): FileFinding[] | null {
  if (content.length >= 4 && content.readUInt32LE(0) === LOCAL_ENTRY) {
    return inspectZip(content, look);
  }
  if (content.length >= 18 && content[0] === 0x1f && content[1] === 0x8b) {
    return inspectGzip(content, look);
  }
  const tar = readTar(content, MAX_ENTRIES);
  return tar === null ? null : [...countFindings(tar.length, content.length, content.length), ...escapes(tar)];
}

/** Where the table at the end of a ZIP file is; -1 = there is none. A comment of up to 64 KiB may follow it. */
export function zipEnd(content: Buffer): number {
  for (let at = content.length - END_LENGTH; at >= Math.max(0, content.length - END_LENGTH - 0xffff); at -= 1) {
    if (
      content.readUInt32LE(at) === END_OF_DIRECTORY &&
      at + END_LENGTH + content.readUInt16LE(at + 20) === content.length
    ) {
      return at;
    }
  }
  return -1;
}

interface ZipEntry extends ArchiveEntry {
  packed: number;
  unpacked: number;
  method: number;
  encrypted: boolean;
  offset: number;
}

function inspectZip(content: Buffer, look: Look): FileFinding[] {
  const entries = readZip(content);
  if (entries === null) {
    return [warn("archive_damaged", "the ZIP file's table of contents cannot be read")];
  }
  const unpacked = entries.reduce((sum, entry) => sum + entry.unpacked, 0);
  const packed = entries.reduce((sum, entry) => sum + entry.packed, 0);
  const findings = [...countFindings(entries.length, content.length, unpacked), ...escapes(entries)];
  if (packed > content.length) {
    findings.push(critical("archive_bomb", "entries of the ZIP file share the same packed bytes"));
  }
  if (entries.some(({ encrypted }) => encrypted)) {
    findings.push(warn("archive_encrypted", "entries of the ZIP file are encrypted and cannot be looked at"));
  }
  if (findings.some(({ code }) => code === "archive_bomb")) {
    return findings;
  }
  for (const entry of entries.filter(({ name, encrypted }) => NESTED.test(name) && !encrypted)) {
    findings.push(...inspectNested((limit) => unpackEntry(content, entry, limit), look, look.budget));
  }
  return findings;
}

function readZip(content: Buffer): ZipEntry[] | null {
  const end = zipEnd(content);
  if (end === -1) {
    return null;
  }
  const count = content.readUInt16LE(end + 10);
  let at = content.readUInt32LE(end + 16);
  const entries: ZipEntry[] = [];
  // ZIP64 (all ones) is for files above 4 GiB, which are not accepted anyway: read as damaged.
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > content.length || content.readUInt32LE(at) !== DIRECTORY_ENTRY) {
      return null;
    }
    const nameEnd = at + 46 + content.readUInt16LE(at + 28);
    // Upper half of the external attributes: the Unix mode.
    const mode = content.readUInt32LE(at + 38) >>> 16;
    entries.push({
      name: content.toString("utf8", at + 46, nameEnd),
      link: (mode & 0o170000) === 0o120000 ? "" : null,
      packed: content.readUInt32LE(at + 20),
      unpacked: content.readUInt32LE(at + 24),
      method: content.readUInt16LE(at + 10),
      encrypted: (content.readUInt16LE(at + 8) & 1) === 1,
      offset: content.readUInt32LE(at + 42),
    });
    at = nameEnd + content.readUInt16LE(at + 30) + content.readUInt16LE(at + 32);
  }
  return entries;
}

function unpackEntry(content: Buffer, { offset, packed, method }: ZipEntry, budget: number): Buffer {
  const start = offset + 30 + content.readUInt16LE(offset + 26) + content.readUInt16LE(offset + 28);
  const data = content.subarray(start, start + packed);
  return method === 0 ? data : inflateRawSync(data, { maxOutputLength: budget });
}

function inspectGzip(content: Buffer, look: Look): FileFinding[] {
  const allowed = Math.min(look.budget, Math.max(RATIO_COUNTS_FROM_BYTES, content.length * MAX_RATIO));
  return inspectNested((limit) => gunzipSync(content, { maxOutputLength: limit }), look, allowed);
}

/** Looks at an archive inside another; what cannot be unpacked within the bounds is a finding. */
function inspectNested(unpack: (limit: number) => Buffer, look: Look, limit: number): FileFinding[] {
  if (look.depth >= MAX_DEPTH) {
    return [critical("archive_nested", `archives are nested more than ${MAX_DEPTH} deep`)];
  }
  let inside: Buffer;
  try {
    inside = unpack(limit);
  } catch (error) {
    if (!hasErrorCode(error, "ERR_BUFFER_TOO_LARGE")) {
      return [warn("archive_damaged", "packed content cannot be unpacked")];
    }
    // The work was done all the same.
    look.budget = Math.max(1, look.budget - limit);
    return [critical("archive_bomb", `packed content grows by more than a factor of ${MAX_RATIO} or past the bound`)];
  }
  look.budget = Math.max(1, look.budget - inside.length);
  const deeper = { budget: look.budget, depth: look.depth + 1 };
  const findings = inspectArchive(inside, deeper) ?? [];
  look.budget = deeper.budget;
  return findings;
}

function countFindings(entries: number, packed: number, unpacked: number): FileFinding[] {
  if (entries > MAX_ENTRIES) {
    return [critical("archive_bomb", `the archive has more than ${MAX_ENTRIES} entries`)];
  }
  const ratio = unpacked / Math.max(1, packed);
  return unpacked > MAX_UNPACKED_BYTES || (unpacked > RATIO_COUNTS_FROM_BYTES && ratio > MAX_RATIO)
    ? [critical("archive_bomb", `${packed} bytes say they become ${unpacked}`)]
    : [];
}

function escapes(entries: readonly ArchiveEntry[]): FileFinding[] {
  const leaving = entries.filter(
    ({ name, link }) => leaves(name) || (link !== null && (link === "" || leadsOut(name, link))),
  );
  return leaving.length === 0
    ? []
    : [critical("archive_escape", `${leaving.length} entries lead out of the folder they are unpacked in`)];
}

/** Whether an entry's name is anything but a plain path below the folder, for any system. */
const leaves = (name: string): boolean =>
  name.includes("\0") || /^[/\\]|^[a-z]:/i.test(name) || name.split(/[/\\]/).includes("..");

/** A link may point beside itself or below; one that climbs or is absolute leads out, or helps another entry to. */
const leadsOut = (name: string, link: string): boolean => leaves(link) || leaves(name);

const warn = (code: FileFinding["code"], evidence: string): FileFinding => ({ code, severity: "warn", evidence });
const critical = (code: FileFinding["code"], evidence: string): FileFinding => ({
  code,
  severity: "critical",
  evidence,
});
