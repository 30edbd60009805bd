/** Progress on standard error for what takes longer than a second, once a second. */
import type { CliContext } from "./context.ts";

const EVERY_MS = 1_000;

export function createProgress(context: CliContext): (state: string) => void {
  let nextAt = performance.now() + EVERY_MS;
  return (state) => {
    const now = performance.now();
    if (now >= nextAt) {
      nextAt = now + EVERY_MS;
      context.err(state);
    }
  };
}
