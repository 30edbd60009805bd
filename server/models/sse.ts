/** Server-sent events (WHATWG HTML § 9.2) as they pass, cut at any byte. Keeps the bytes of each event, so that what passes on is what came. */

/** Bytes of one event that are held back at most; more is passed on unread. */
const MAX_EVENT_BYTES = 4 * 1024 * 1024;
const LF = 10;
const CR = 13;

export interface SseEvent {
  /** All bytes of the event, with the blank line that ends it. */
  raw: Buffer;
  /** Its `data` lines; null where it has none or is too large to be read. */
  data: string | null;
}

/** Splits a stream into events. Lines may end in LF or CR LF, which is what providers send. */
export class SseReader {
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Bytes of the current line so far, and whether the only one is a CR. */
  #lineBytes = 0;
  #onlyCr = false;
  /** Within an event that is too large. */
  #unread = false;

  /** The events that `chunk` completes, in order. */
  push(chunk: Buffer): SseEvent[] {
    const events: SseEvent[] = [];
    let from = 0;
    for (let lineStart = 0; lineStart < chunk.length;) {
      const end = chunk.indexOf(LF, lineStart);
      const stop = end < 0 ? chunk.length : end;
      this.#onlyCr = this.#lineBytes + (stop - lineStart) === 1 && (this.#onlyCr || chunk[lineStart] === CR);
      this.#lineBytes += stop - lineStart;
      if (end < 0) {
        break;
      }
      lineStart = end + 1;
      if (this.#lineBytes === 0 || this.#onlyCr) {
        this.#hold(chunk.subarray(from, lineStart));
        from = lineStart;
        events.push(this.#take());
        this.#unread = false;
      }
      this.#lineBytes = 0;
      this.#onlyCr = false;
    }
    this.#hold(chunk.subarray(from));
    if (this.#heldBytes > MAX_EVENT_BYTES) {
      this.#unread = true;
    }
    if (this.#unread && this.#heldBytes > 0) {
      events.push(this.#take());
    }
    return events;
  }

  /** What came after the last blank line. */
  end(): SseEvent | null {
    return this.#heldBytes === 0 ? null : this.#take();
  }

  #hold(bytes: Buffer): void {
    if (bytes.length > 0) {
      this.#held.push(bytes);
      this.#heldBytes += bytes.length;
    }
  }

  #take(): SseEvent {
    const [first] = this.#held;
    const raw = this.#held.length === 1 && first !== undefined ? first : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    return { raw, data: this.#unread ? null : dataOf(raw.toString()) };
  }
}

/** Most events are one line, and need no list of lines. */
const ONE_LINE = /^data: ?([^\r\n]*)\r?\n\r?\n$/;

function dataOf(text: string): string | null {
  const only = ONE_LINE.exec(text)?.[1];
  if (only !== undefined) {
    return only;
  }
  const lines = text
    .split(/\r?\n/)
    .filter((line) => line === "data" || line.startsWith("data:"))
    .map((line) => line.slice("data:".length).replace(/^ /, ""));
  return lines.length === 0 ? null : lines.join("\n");
}
