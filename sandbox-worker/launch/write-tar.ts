/** A tar archive of a few small files: POSIX.1-1988 ustar, long names by a pax header (POSIX.1-2001). Pure. */

export interface TarFile {
  /** Relative, without `..`. */
  path: string;
  content: Buffer;
  /** File mode; default 0600. */
  mode?: number;
}

const BLOCK = 512;
/** Names and sizes that fit an old header; longer names go into a pax header before it. */
const NAME_BYTES = 100;

/** The whole archive with its end mark. Folders are left to the reader to make. */
export function writeTar(files: readonly TarFile[]): Buffer {
  const parts = files.flatMap(({ path, content, mode }) => [
    ...(Buffer.byteLength(path) > NAME_BYTES ? longName(path) : []),
    header(path, content.length, mode ?? 0o600, "0"),
    padded(content),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function longName(path: string): Buffer[] {
  const record = Buffer.from(paxRecord("path", path));
  return [header("pax", record.length, 0o600, "x"), padded(record)];
}

/** `<length> key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) {
    length += 1;
  }
  return `${length} ${key}=${value}\n`;
}

function header(path: string, bytes: number, mode: number, type: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(Buffer.from(path).subarray(0, NAME_BYTES).toString("latin1"), 0, "latin1");
  block.write(
    `${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(bytes, 11)}\0${octal(0, 11)}\0`,
    100,
    "latin1",
  );
  block.write("        ", 148, "latin1");
  block.write(type, 156, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  return block;
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");

const padded = (content: Buffer): Buffer =>
  Buffer.concat([content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
