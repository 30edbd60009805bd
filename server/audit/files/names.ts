/**
 * Names of the files that a file of lines leaves behind, all in its folder. `audit.log` has
 *   audit-1-5000.log              rotated: rows 1 to 5000
 *   audit-1-5000.log.gz, .gz.enc, .enc      the same compressed, compressed and encrypted, encrypted
 *   ….new                         being written, worth nothing after a crash
 *   ….set-aside-<milliseconds>    did not agree with the database, kept for whoever wants to know why
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, parse } from "node:path";

const ENDINGS = [".gz", ".gz.enc", ".enc"] as const;
const ASIDE = /\.set-aside-\d+$/;

export interface RotatedFile {
  path: string;
  firstSeq: number;
  lastSeq: number;
  /** Compressed or encrypted as a whole. */
  packed: boolean;
}

interface Siblings {
  /** By ascending seq. While a file is packed both forms exist for a moment: only the finished one is named. */
  rotated: RotatedFile[];
  /** Rotated files whose packed form is finished. */
  superseded: string[];
  drafts: string[];
  aside: string[];
}

export function rotatedPath(liveFile: string, firstSeq: number, lastSeq: number): string {
  const { dir, name, ext } = parse(liveFile);
  return join(dir, `${name}-${firstSeq}-${lastSeq}${ext}`);
}

/** The name of what `pack.ts` makes of a rotated file. */
export function packedPath(file: string, compressed: boolean, sealed: boolean): string {
  return `${file}${compressed ? ".gz" : ""}${sealed ? ".enc" : ""}`;
}

export const packedForms = (file: string): string[] => ENDINGS.map((ending) => file + ending);
export const isSealedFile = (file: string): boolean => file.endsWith(".enc");
export const isCompressedFile = (file: string): boolean => /\.gz(?:\.enc)?$/.test(file);

export function draftPath(file: string): string {
  return `${file}.new`;
}

export function asidePath(file: string): string {
  for (let stamp = Date.now(); ; stamp += 1) {
    const path = `${file}.set-aside-${stamp}`;
    if (!existsSync(path)) {
      return path;
    }
  }
}

/** What lies beside `liveFile` and belongs to it. A folder that does not exist holds nothing. */
export function siblingsOf(liveFile: string): Siblings {
  const folder = dirname(liveFile);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = names.map((name) => parseName(liveFile, name)).filter((file) => file !== null);
  const packed = found.filter((file) => file.packed);
  const superseded = found.filter(
    (file) => !file.packed && packed.some((other) => packedForms(file.path).includes(other.path)),
  );
  const ours = (name: string): boolean => parseName(liveFile, name) !== null || name === basename(liveFile);
  return {
    rotated: found
      .filter((file) => !superseded.includes(file))
      .toSorted((a, b) => a.firstSeq - b.firstSeq || a.lastSeq - b.lastSeq),
    superseded: superseded.map((file) => file.path),
    drafts: names.filter((name) => name.endsWith(".new") && ours(name.slice(0, -4))).map((name) => join(folder, name)),
    aside: names.filter((name) => ASIDE.test(name) && ours(name.replace(ASIDE, ""))).map((name) => join(folder, name)),
  };
}

function parseName(liveFile: string, name: string): RotatedFile | null {
  const live = parse(liveFile);
  const match = name.startsWith(`${live.name}-`)
    ? /^(\d{1,16})-(\d{1,16})(.*)$/.exec(name.slice(live.name.length + 1))
    : null;
  const [, first, last, rest] = match ?? [];
  if (rest?.startsWith(live.ext) !== true) {
    return null;
  }
  const ending = rest.slice(live.ext.length);
  if (ending !== "" && !ENDINGS.some((known) => known === ending)) {
    return null;
  }
  return {
    path: join(live.dir, name),
    firstSeq: Number(first),
    lastSeq: Number(last),
    packed: ending !== "",
  };
}
