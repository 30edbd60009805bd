/** Bytes that one run may still send, or receive, over all its connections together. */
import { Transform } from "node:stream";

export class ByteAllowance {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Counts `bytes`; false when they are more than is left. */
  take(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left >= 0;
  }

  /** A stage of a pipeline that counts what goes through and ends it with `refusal` when there is nothing left. */
  meter(refusal: () => Error): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        if (this.take(chunk.length)) {
          done(null, chunk);
        } else {
          done(refusal());
        }
      },
    });
  }
}
