/** Counts work under way, so that an end can wait for it. No set of promises: `roster.ts` says why. */
export class UnderWay {
  #count = 0;
  #waiting: (() => void)[] = [];
  readonly #settled = (): void => {
    this.#count -= 1;
    if (this.#count === 0) {
      const told = this.#waiting;
      this.#waiting = [];
      told.forEach((tell) => tell());
    }
  };

  get count(): number {
    return this.#count;
  }

  /** Counts `work` until it has settled, and hands it back. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#count += 1;
    work.then(this.#settled, this.#settled);
    return work;
  }

  /** Resolves as soon as nothing is under way. Never rejects. */
  ended(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}
