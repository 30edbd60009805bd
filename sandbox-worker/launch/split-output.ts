/** Tells a program's output from the archive of kept files behind it on the same stream. */

/** Bytes of the archive that are read at most: the files that may be kept, and what tar adds to them. */
const MAX_ARCHIVE_BYTES = 40 * 1024 * 1024;

export class OutputSplitter {
  readonly #mark: Buffer;
  /** End of the output that may be the beginning of the mark. */
  #held = Buffer.alloc(0);
  #archive: Buffer[] | null = null;
  #archiveBytes = 0;

  constructor(mark: string) {
    this.#mark = Buffer.from(mark);
  }

  /** The part of `chunk` (and of what was held back) that is output. */
  push(chunk: Buffer): Buffer {
    if (this.#archive !== null) {
      this.#keep(chunk);
      return Buffer.alloc(0);
    }
    const all = Buffer.concat([this.#held, chunk]);
    const at = all.indexOf(this.#mark);
    if (at !== -1) {
      this.#held = Buffer.alloc(0);
      this.#archive = [];
      this.#keep(all.subarray(at + this.#mark.length));
      return all.subarray(0, at);
    }
    const heldFrom = all.length - this.#possibleStart(all);
    this.#held = all.subarray(heldFrom);
    return all.subarray(0, heldFrom);
  }

  /** Output that was held back, when the stream has ended. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = Buffer.alloc(0);
    return rest;
  }

  /** Null when the program did not come to its end. Its archive is null when it is too large, and empty when none of the files was there. */
  get kept(): { archive: Buffer | null } | null {
    if (this.#archive === null) {
      return null;
    }
    return { archive: this.#archiveBytes > MAX_ARCHIVE_BYTES ? null : Buffer.concat(this.#archive) };
  }

  #keep(chunk: Buffer): void {
    this.#archiveBytes += chunk.length;
    if (this.#archiveBytes <= MAX_ARCHIVE_BYTES) {
      this.#archive?.push(chunk);
    } else {
      this.#archive = [];
    }
  }

  /** Length of the longest end of `all` that the mark begins with. */
  #possibleStart(all: Buffer): number {
    for (let length = Math.min(this.#mark.length - 1, all.length); length > 0; length -= 1) {
      if (all.subarray(all.length - length).equals(this.#mark.subarray(0, length))) {
        return length;
      }
    }
    return 0;
  }
}
