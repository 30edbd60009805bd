/**
 * What comes out of a container, made fit to store and show.
 * Threats: endless output (cap by bytes), terminal escapes and control characters that fool a reader or a log (removed),
 * invalid UTF-8 (replaced), characters and escapes cut at the border of two chunks (state is kept per stream).
 */

export type OutputStream = "stdout" | "stderr";

const HEADER_BYTES = 8;
/** The engine's own frames are far smaller; a larger one means we are not reading what we think. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Splits the engine's multiplexed stream: frames of [stream, 0, 0, 0, length as 4 bytes big-endian] and payload. */
export class FrameReader {
  #header = Buffer.alloc(0);
  #stream: OutputStream = "stdout";
  #remaining = 0;
  readonly #onPayload: (stream: OutputStream, payload: Buffer) => void;

  constructor(onPayload: (stream: OutputStream, payload: Buffer) => void) {
    this.#onPayload = onPayload;
  }

  /** Takes the next bytes, cut anywhere. @throws Error when they are not such a stream. */
  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#remaining > 0) {
        const payload = rest.subarray(0, this.#remaining);
        this.#remaining -= payload.length;
        rest = rest.subarray(payload.length);
        this.#onPayload(this.#stream, payload);
        continue;
      }
      const missing = HEADER_BYTES - this.#header.length;
      this.#header = Buffer.concat([this.#header, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      if (this.#header.length === HEADER_BYTES) {
        this.#open(this.#header);
        this.#header = Buffer.alloc(0);
      }
    }
  }

  #open(header: Buffer): void {
    const kind = header.readUInt8(0);
    const length = header.readUInt32BE(4);
    if ((kind !== 1 && kind !== 2) || length > MAX_FRAME_BYTES) {
      throw new Error("The engine's output stream is not in frames");
    }
    this.#stream = kind === 1 ? "stdout" : "stderr";
    this.#remaining = length;
  }
}

/** Where the cleaner stands inside an escape sequence. */
type EscapeState = "text" | "escape" | "control" | "string" | "string-escape";

/**
 * Bytes of one stream to clean text: UTF-8 with U+FFFD for what is invalid, without escape sequences (ECMA-48: ESC, CSI, OSC and the like)
 * and without control characters except tab, line feed and carriage return.
 */
export class TextCleaner {
  readonly #decoder = new TextDecoder("utf-8");
  #state: EscapeState = "text";

  push(bytes: Buffer): string {
    return this.#clean(this.#decoder.decode(bytes, { stream: true }));
  }

  /** What is left at the end: a character that was cut off becomes U+FFFD. */
  end(): string {
    return this.#clean(this.#decoder.decode());
  }

  #clean(text: string): string {
    // Plain text is the rule: one native scan, and the loop only where there is something to remove.
    if (this.#state === "text" && !REMOVABLE.test(text)) {
      return text;
    }
    let clean = "";
    for (const character of text) {
      if (this.#keep(character)) {
        clean += character;
      }
    }
    return clean;
  }

  /** Moves the state on by one character; true when it belongs to the text. */
  #keep(character: string): boolean {
    const code = character.codePointAt(0) ?? 0;
    switch (this.#state) {
      case "text":
        return this.#keepText(code);
      case "escape":
        this.#state = afterEscape(code);
        return false;
      case "control":
        // Parameters and intermediates are 0x20…0x3f; a final byte or anything unexpected ends the sequence.
        this.#state = code === ESC ? "escape" : code >= 0x20 && code <= 0x3f ? "control" : "text";
        // A line end inside a broken sequence is still a line end.
        return code === 0x0a;
      case "string":
        if (code === BEL || code === ST) {
          this.#state = "text";
        } else if (code === ESC) {
          this.#state = "string-escape";
        } else if (code === 0x0a) {
          this.#state = "text";
          return true;
        }
        return false;
      case "string-escape":
        this.#state = code === 0x5c ? "text" : afterEscape(code);
        return false;
    }
  }

  #keepText(code: number): boolean {
    if (code === ESC) {
      this.#state = "escape";
      return false;
    }
    if (code === CSI) {
      this.#state = "control";
      return false;
    }
    if (STRING_STARTS.has(code)) {
      this.#state = "string";
      return false;
    }
    return code === 0x09 || code === 0x0a || code === 0x0d || (code >= 0x20 && (code < 0x7f || code > 0x9f));
  }
}

const ESC = 0x1b;
const BEL = 0x07;
/** One-character (C1) forms: string terminator, control sequence, and the starts of DCS, SOS, OSC, PM, APC strings. */
const ST = 0x9c;
const CSI = 0x9b;
const STRING_STARTS = new Set([0x90, 0x98, 0x9d, 0x9e, 0x9f]);
/** Anything else is removed or starts a sequence that is. */
const REMOVABLE = /[^\t\n\r\u0020-\u007e\u00a0-\u{10ffff}]/u;

function afterEscape(code: number): EscapeState {
  if (code === 0x5b) {
    return "control";
  }
  if (code === 0x50 || code === 0x58 || code === 0x5d || code === 0x5e || code === 0x5f) {
    return "string";
  }
  // Intermediates are followed by more; ESC starts over; everything else ends a two-character sequence.
  return code === ESC || (code >= 0x20 && code <= 0x2f) ? "escape" : "text";
}

/** Counts raw bytes of both streams together and cuts what is over the limit. */
export class ByteCap {
  #used = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The part of `payload` that still fits. */
  take(payload: Buffer): Buffer {
    const fits = payload.subarray(0, Math.max(this.#limit - this.#used, 0));
    this.#used += payload.length;
    return fits;
  }

  get exceeded(): boolean {
    return this.#used > this.#limit;
  }

  /** Bytes that were kept. */
  get kept(): number {
    return Math.min(this.#used, this.#limit);
  }
}
