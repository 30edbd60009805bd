/** Progress on standard error for what takes longer than a second. */
import type { CliContext } from "./context.ts";

const EVERY_MS = 1_000;

/** At most once a second. */
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

/** For work that cannot say how far it is. */
export async function sayWhenLong<T>(context: CliContext, text: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => context.err(text), EVERY_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
