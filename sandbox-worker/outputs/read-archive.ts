/**
 * The entries of a tar archive that a container wrote. Pure. Formats: POSIX ustar, long names of GNU (`L`) and pax (`x`), nothing else.
 * Threat: the archive is written by, or beside, a hostile program. Where two readers could disagree (lengths, signs, several headers for one
 * entry, sizes in other notations) there is no guess: the archive counts as damaged from there on.
 */

export interface ArchiveEntry {
  /** As written, without `./` in front. */
  path: string;
  /** Null = no regular file, or one in a form that is not read; `problem` says which. */
  content: Buffer | null;
  problem: string | null;
}

export interface Archive {
  entries: ArchiveEntry[];
  /** What is wrong with it; entries before that place were read. */
  damage: string | null;
}

const BLOCK = 512;
const MAX_ENTRIES = 10_000;
/** Longest path of Linux, and what pax writes beside it. */
const MAX_NAME_BYTES = 4096;
const MAX_PAX_BYTES = 16_384;

const KINDS: Readonly<Record<string, string>> = {
  "1": "is a hard link, which is not kept",
  "2": "is a symbolic link, which is not kept",
  "3": "is a device",
  "4": "is a device",
  "6": "is a FIFO",
  S: "is a sparse file, which is not kept",
};
/** What pax may say without changing what the entry is. */
const HARMLESS_PAX = new Set(["path", "mtime", "atime", "ctime"]);

class Damage extends Error {}

interface Pending {
  path?: string;
  problem?: string;
  /** A header that belongs to the next entry was read. */
  kind?: "L" | "x";
  /** The long target of a link was read; links are not kept. */
  link?: true;
}

export function readArchive(tar: Buffer): Archive {
  const entries: ArchiveEntry[] = [];
  try {
    readEntries(tar, entries);
    return { entries, damage: null };
  } catch (error) {
    if (error instanceof Damage) {
      return { entries, damage: error.message };
    }
    throw error;
  }
}

function readEntries(tar: Buffer, entries: ArchiveEntry[]): void {
  let pending: Pending = {};
  for (let at = 0; ;) {
    const header = tar.subarray(at, at + BLOCK);
    if (header.length < BLOCK) {
      throw new Damage("the archive ends in the middle");
    }
    if (header.every((byte) => byte === 0)) {
      break;
    }
    const { type, size, name } = readHeader(header);
    const data = tar.subarray(at + BLOCK, at + BLOCK + size);
    if (data.length < size) {
      throw new Damage("the archive ends in the middle of a file");
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (type === "L" || type === "x" || type === "K") {
      pending = readAhead(type, data, pending);
      continue;
    }
    if (entries.length === MAX_ENTRIES) {
      throw new Damage(`the archive has more than ${MAX_ENTRIES} entries`);
    }
    const entry = toEntry(type, data, pending.path ?? name, pending);
    if (entry !== null) {
      entries.push(entry);
    }
    pending = {};
  }
  if (pending.kind !== undefined || pending.link !== undefined) {
    throw new Damage("the archive ends before the file that its last header is about");
  }
}

interface Header {
  type: string;
  size: number;
  name: string;
}

function readHeader(header: Buffer): Header {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  if (octal(header, 148, 8) !== sum) {
    throw new Damage("a header's checksum is wrong");
  }
  const magic = header.toString("latin1", 257, 265);
  if (magic !== "ustar\x0000" && magic !== "ustar  \0") {
    throw new Damage("a header is of an unknown kind");
  }
  // GNU tar keeps other things where POSIX has the beginning of a long name.
  const prefix = magic === "ustar  \0" ? "" : text(header.subarray(345, 500));
  const name = text(header.subarray(0, 100));
  return {
    type: header[156] === 0 ? "0" : String.fromCharCode(header[156] ?? 0),
    size: octal(header, 124, 12),
    name: prefix === "" ? name : `${prefix}/${name}`,
  };
}

/** A header about the entry that follows. */
function readAhead(type: "L" | "x" | "K", data: Buffer, pending: Pending): Pending {
  if (type === "K") {
    if (pending.link !== undefined || data.length > MAX_NAME_BYTES + 1) {
      throw new Damage("a file has two headers with a link's target");
    }
    return { ...pending, link: true };
  }
  if (pending.kind !== undefined) {
    throw new Damage("a file has two headers with a name");
  }
  if (type === "L") {
    const end = data.indexOf(0);
    if (data.length > MAX_NAME_BYTES + 1 || (end !== -1 && end !== data.length - 1)) {
      throw new Damage("a long name is not one name");
    }
    return { ...pending, kind: "L", path: decoded(end === -1 ? data : data.subarray(0, end)) };
  }
  return { ...pending, kind: "x", ...readPax(data) };
}

/** Records of `<length> <key>=<value>\n`, where the length counts all of it (POSIX.1-2001, pax Extended Header). */
function readPax(data: Buffer): Pick<Pending, "path" | "problem"> {
  if (data.length > MAX_PAX_BYTES) {
    throw new Damage("a pax header is too long");
  }
  const found: Pick<Pending, "path" | "problem"> = {};
  for (let at = 0; at < data.length;) {
    const length = /^([1-9]\d{0,4}) /.exec(data.toString("latin1", at, at + 6))?.[1];
    const end = at + Number(length ?? NaN);
    const record = data.subarray(at + (length?.length ?? 0) + 1, end - 1);
    const equals = record.indexOf("=");
    if (!(end <= data.length) || data[end - 1] !== 0x0a || equals < 1) {
      throw new Damage("a pax header cannot be read");
    }
    const key = record.toString("latin1", 0, equals);
    if (!HARMLESS_PAX.has(key)) {
      found.problem = "comes in a form that is not read (pax header)";
    } else if (key === "path") {
      if (found.path !== undefined) {
        throw new Damage("a pax header has two names");
      }
      found.path = decoded(record.subarray(equals + 1));
    }
    at = end;
  }
  return found;
}

/** Null for a folder, which needs no entry of its own. */
function toEntry(type: string, data: Buffer, name: string, { problem, link }: Pending): ArchiveEntry | null {
  if (type === "5") {
    if (data.length > 0) {
      throw new Damage("a folder has content");
    }
    return null;
  }
  const path = name.replace(/^(?:\.\/+)+/, "");
  if (type === "0") {
    const strange = problem ?? (link === undefined ? nameProblem(path) : "has a link's target and is no link");
    return { path, content: strange === null ? data : null, problem: strange };
  }
  const kind = KINDS[type];
  if (kind === undefined) {
    throw new Damage("an entry is of an unknown kind");
  }
  if (data.length > 0 && type !== "S") {
    throw new Damage("something that is no file has content");
  }
  return { path, content: null, problem: kind };
}

/** What was no UTF-8 has become U+FFFD: kept under that name it would be another file. */
const nameProblem = (path: string): string | null =>
  path.includes("\u{fffd}") ? "has a name that is not UTF-8" : null;

/** Digits to the first blank or NUL, nothing but these after them. */
function octal(header: Buffer, start: number, length: number): number {
  const digits = /^ *([0-7]+)[ \0]*$/.exec(header.toString("latin1", start, start + length))?.[1];
  if (digits === undefined) {
    throw new Damage("a header holds a number in an unknown form");
  }
  return Number.parseInt(digits, 8);
}

/** Up to the first NUL. */
function text(field: Buffer): string {
  const end = field.indexOf(0);
  return decoded(end === -1 ? field : field.subarray(0, end));
}

const decoded = (bytes: Buffer): string => bytes.toString("utf8");
