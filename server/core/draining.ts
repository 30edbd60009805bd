/** Told once to whatever goes on for long that the process has begun to stop. */
import { Roster } from "#server/core/roster.ts";

export class Draining {
  readonly #begin = new AbortController();
  readonly #listeners = new Roster<() => void>();

  /** For what lives as long as the process. What comes and goes uses `listen`: `Roster` says why. */
  readonly signal: AbortSignal = this.#begin.signal;

  begin(): void {
    if (!this.signal.aborted) {
      this.#begin.abort();
      this.#listeners.forEach((tell) => tell());
    }
  }

  /** Calls `tell` when the process begins to stop, and at once when it has. @returns stops listening. */
  listen(tell: () => void): () => void {
    if (this.signal.aborted) {
      tell();
      return () => undefined;
    }
    const place = this.#listeners.add(tell);
    return () => void this.#listeners.delete(place);
  }
}
