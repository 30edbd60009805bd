/** Two small ways of waiting: work that comes round, and a bell that ends a sleep. */
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "#server/core/log.ts";

/** Does `work` again and again, never twice at once; a failure is logged and the next round tries again. */
export class Ticker {
  readonly #everyMs: number;
  readonly #log: Logger;
  readonly #work: () => Promise<void>;
  readonly #bell = new Bell();
  #loop: Promise<void> | null = null;
  #stopped = false;

  constructor(everyMs: number, log: Logger, work: () => Promise<void>) {
    this.#everyMs = everyMs;
    this.#log = log;
    this.#work = work;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** The next round begins at once (after the present one). */
  now(): void {
    this.#bell.ring();
  }

  async runOnce(): Promise<void> {
    try {
      await this.#work();
    } catch (error) {
      this.#log.warn({ err: error }, "a periodic task failed and will be tried again");
    }
  }

  /** Resolves when the present round is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#bell.ring();
    await this.#loop;
  }

  async #run(): Promise<void> {
    await this.#bell.sleep(this.#everyMs);
    while (!this.#stopped) {
      await this.runOnce();
      await this.#bell.sleep(this.#everyMs);
    }
  }
}

/** A ring before the sleep is not lost. */
export class Bell {
  #rung = false;
  #awake: AbortController | null = null;

  ring(): void {
    this.#rung = true;
    this.#awake?.abort();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.#rung) {
      this.#awake = new AbortController();
      await wait(ms, undefined, { signal: this.#awake.signal }).catch(() => undefined);
      this.#awake = null;
    }
    this.#rung = false;
  }
}
