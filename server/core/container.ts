/**
 * Process-wide state that survives being bundled twice: Next compiles its own copy of our modules, so anything both sides must share
 * hangs on `globalThis` under one symbol instead of in module variables.
 */
const SLOT = Symbol.for("openclaw.container");

type Holder = typeof globalThis & { [SLOT]?: unknown };

export function setContainer(value: unknown): void {
  (globalThis as Holder)[SLOT] = value;
}

/** The value set by the composition of this process. @throws when the process was started in another way than `server/main.ts`. */
export function getContainer<T>(): T {
  const value = (globalThis as Holder)[SLOT];
  if (value === undefined) {
    throw new Error(
      "The gateway's services are not running in this process. Start it with `npm start` or `openclaw start`.",
    );
  }
  return value as T;
}
