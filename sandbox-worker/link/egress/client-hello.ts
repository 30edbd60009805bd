/**
 * Reads the name a TLS client asks for (SNI) out of the first bytes of its connection. Pure and bounded: RFC 8446, sections 4.1.2 and 5.1;
 * RFC 6066, section 3. Every length is checked against what is there before it is followed.
 */

/** Bytes of the first flight that are looked at; real ones with post-quantum keys are about 2 KiB. */
export const MAX_HELLO_BYTES = 16 * 1024;
/** Records a ClientHello may be spread over. */
const MAX_RECORDS = 8;

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;

export type Hello =
  /** Not all of it is there yet. */
  | { kind: "more" }
  | { kind: "not_tls" }
  /** @property name null = it names no host */
  | { kind: "hello"; name: string | null; encrypted: boolean };

const NOT_TLS: Hello = { kind: "not_tls" };
const MORE: Hello = { kind: "more" };

/** @param bytes everything the client has sent so far */
export function readClientHello(bytes: Buffer): Hello {
  const fragments: Buffer[] = [];
  let at = 0;
  for (let records = 0; records < MAX_RECORDS; records += 1) {
    const [type, major] = [bytes[at], bytes[at + 1]];
    if ((type !== undefined && type !== HANDSHAKE_RECORD) || (major !== undefined && major !== 3)) {
      return NOT_TLS;
    }
    if (bytes.length < at + 5) {
      return bytes.length >= MAX_HELLO_BYTES ? NOT_TLS : MORE;
    }
    const length = bytes.readUInt16BE(at + 3);
    const fragment = bytes.subarray(at + 5, at + 5 + length);
    fragments.push(fragment);
    const message = Buffer.concat(fragments);
    if (length === 0 || (message.length > 0 && message[0] !== CLIENT_HELLO)) {
      return NOT_TLS;
    }
    if (message.length >= 4 && message.readUIntBE(1, 3) > MAX_HELLO_BYTES) {
      return NOT_TLS;
    }
    if (message.length >= 4 && message.length >= 4 + message.readUIntBE(1, 3)) {
      return readBody(message.subarray(4, 4 + message.readUIntBE(1, 3)));
    }
    if (fragment.length < length) {
      return bytes.length >= MAX_HELLO_BYTES ? NOT_TLS : MORE;
    }
    at += 5 + length;
  }
  return NOT_TLS;
}

/** Takes pieces from the front; `ok` turns false when one is not there, and stays so. */
class Pieces {
  #rest: Buffer;
  ok = true;

  constructor(bytes: Buffer) {
    this.#rest = bytes;
  }

  get empty(): boolean {
    return this.#rest.length === 0;
  }

  take(length: number): Buffer {
    this.ok &&= this.#rest.length >= length;
    const piece = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return piece;
  }

  /** A number of `size` bytes; 0 when it is not there. */
  number(size: 1 | 2): number {
    const piece = this.take(size);
    return piece.length === size ? piece.readUIntBE(0, size) : 0;
  }

  /** A piece with its length in front, in `size` bytes. */
  vector(size: 1 | 2): Buffer {
    return this.take(this.number(size));
  }
}

function readBody(body: Buffer): Hello {
  const pieces = new Pieces(body);
  // Version and random; then session id, cipher suites and compression methods.
  pieces.take(34);
  pieces.vector(1);
  pieces.vector(2);
  pieces.vector(1);
  if (!pieces.ok) {
    return NOT_TLS;
  }
  if (pieces.empty) {
    return { kind: "hello", name: null, encrypted: false };
  }
  const extensions = new Pieces(pieces.vector(2));
  if (!pieces.ok || !pieces.empty) {
    return NOT_TLS;
  }
  const seen = new Set<number>();
  let name: string | null = null;
  while (!extensions.empty) {
    const type = extensions.number(2);
    const content = extensions.vector(2);
    // Of two of a kind, this reader and the server might believe different ones.
    if (!extensions.ok || seen.has(type)) {
      return NOT_TLS;
    }
    seen.add(type);
    if (type === SERVER_NAME) {
      name = readServerName(content);
      if (name === null) {
        return NOT_TLS;
      }
    }
  }
  return { kind: "hello", name, encrypted: seen.has(ENCRYPTED_CLIENT_HELLO) };
}

/** Exactly one entry, of the type host name. */
function readServerName(content: Buffer): string | null {
  const outer = new Pieces(content);
  const list = new Pieces(outer.vector(2));
  const type = list.number(1);
  const name = list.vector(2);
  return outer.ok && outer.empty && list.ok && list.empty && type === 0 && name.length > 0
    ? name.toString("latin1")
    : null;
}
