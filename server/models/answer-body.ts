/** The body of a provider's answer: taken whole, or piece by piece no faster than its reader takes it. */

/** What steers the connection that the body comes from. */
interface Flow {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

/** Bytes that may wait for a reader before the provider is held back. */
const HIGH_WATER_BYTES = 64 * 1024;

interface Reader {
  resolve: (step: IteratorResult<Buffer, undefined>) => void;
  reject: (error: unknown) => void;
}

const DONE: IteratorResult<Buffer, undefined> = { done: true, value: undefined };

export class AnswerBody implements AsyncIterableIterator<Buffer, undefined> {
  readonly #flow: Flow;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #held = false;
  #ended = false;
  #failure: unknown = null;
  #reader: Reader | null = null;
  /** Set while the whole body is wanted: nothing is held back then. */
  #whole: { resolve: (bytes: Buffer) => void; reject: (error: unknown) => void } | null = null;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** The next piece has come. */
  push(chunk: Buffer): void {
    if (this.#reader !== null) {
      const { resolve } = this.#reader;
      this.#reader = null;
      resolve({ done: false, value: chunk });
      return;
    }
    this.#waiting.push(chunk);
    this.#bytes += chunk.length;
    if (this.#whole === null && !this.#held && this.#bytes > HIGH_WATER_BYTES) {
      this.#held = true;
      this.#flow.pause();
    }
  }

  /** The last piece has come. */
  end(): void {
    this.#ended = true;
    this.#reader?.resolve(DONE);
    this.#reader = null;
    this.#whole?.resolve(this.#take());
    this.#whole = null;
  }

  /** There will be no further piece. Does nothing after the end. */
  fail(error: unknown): void {
    if (this.#ended) {
      return;
    }
    this.#ended = true;
    this.#failure = error;
    this.#reader?.reject(error);
    this.#reader = null;
    this.#whole?.reject(error);
    this.#whole = null;
  }

  /** All of what has not been read yet, however large. @throws when the provider breaks off. */
  whole(): Promise<Buffer> {
    if (this.#failure !== null) {
      return Promise.reject(asError(this.#failure));
    }
    if (this.#ended) {
      return Promise.resolve(this.#take());
    }
    this.#release();
    return new Promise((resolve, reject) => {
      this.#whole = { resolve, reject };
    });
  }

  /** All that has come and was not read yet, as one piece. @throws when the provider breaks off, after what came before that was read. */
  next(): Promise<IteratorResult<Buffer, undefined>> {
    if (this.#waiting.length > 0) {
      const value = this.#take();
      this.#release();
      return Promise.resolve({ done: false, value });
    }
    if (this.#failure !== null) {
      return Promise.reject(asError(this.#failure));
    }
    return this.#ended
      ? Promise.resolve(DONE)
      : new Promise((resolve, reject) => {
          this.#reader = { resolve, reject };
        });
  }

  /** Called where a loop over the body is left early: nobody wants the rest. */
  return(): Promise<IteratorResult<Buffer, undefined>> {
    this.destroy();
    return Promise.resolve(DONE);
  }

  /** Frees the connection. */
  destroy(): void {
    if (!this.#ended) {
      const unwanted = new Error("the rest of the answer is not wanted");
      this.fail(unwanted);
      this.#flow.abort(unwanted);
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #release(): void {
    if (this.#held) {
      this.#held = false;
      this.#flow.resume();
    }
  }

  #take(): Buffer {
    const [first] = this.#waiting;
    const all = this.#waiting.length === 1 && first !== undefined ? first : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#bytes = 0;
    return all;
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
