/** The table of contents of a tar archive: POSIX ustar with the long names of GNU and pax. Pure. */
import type { ArchiveEntry } from "#server/files/archive.ts";

const BLOCK = 512;
const CHECKSUM_AT = 148;
const CHECKSUM_LENGTH = 8;

/** @returns null when it is no tar archive; one entry more than `max` when there are more. */
export function readTar(content: Buffer, max: number): ArchiveEntry[] | null {
  if (content.length < BLOCK || !isHeader(content.subarray(0, BLOCK))) {
    return null;
  }
  const entries: ArchiveEntry[] = [];
  const long: { name?: string | undefined; link?: string | undefined } = {};
  for (let at = 0; at + BLOCK <= content.length && entries.length <= max;) {
    const header = content.subarray(at, at + BLOCK);
    if (!isHeader(header)) {
      break;
    }
    const size = octal(header, 124, 12);
    const data = content.subarray(at + BLOCK, at + BLOCK + size);
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === "L") {
      long.name = text(data, 0, data.length);
    } else if (type === "K") {
      long.link = text(data, 0, data.length);
    } else if (type === "x") {
      const fields = data.toString("utf8");
      long.name = /^\d+ path=(.*)$/m.exec(fields)?.[1] ?? long.name;
      long.link = /^\d+ linkpath=(.*)$/m.exec(fields)?.[1] ?? long.link;
    } else if (type !== "g") {
      const prefix = text(header, 345, 155);
      const name = text(header, 0, 100);
      const isLink = type === "1" || type === "2";
      entries.push({
        name: long.name ?? (prefix === "" ? name : `${prefix}/${name}`),
        link: isLink ? (long.link ?? text(header, 157, 100)) : null,
      });
      long.name = undefined;
      long.link = undefined;
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}

/** The sum of a header's bytes, its own field taken as blanks, is what tells a tar archive from anything else. */
function isHeader(header: Buffer): boolean {
  const sum = header.reduce(
    (total, byte, index) => total + (index >= CHECKSUM_AT && index < CHECKSUM_AT + CHECKSUM_LENGTH ? 0x20 : byte),
    0,
  );
  return sum > CHECKSUM_LENGTH * 0x20 && octal(header, CHECKSUM_AT, CHECKSUM_LENGTH) === sum;
}

function octal(bytes: Buffer, start: number, length: number): number {
  const written = text(bytes, start, length).trim();
  return /^[0-7]+$/.test(written) ? Number.parseInt(written, 8) : 0;
}

/** Up to the first NUL. */
function text(bytes: Buffer, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? field.length : end);
}
