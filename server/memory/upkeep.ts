/** Has what is too old forgotten, in the server, once an hour. */
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import type { Logger } from "#server/core/log.ts";
import { forgetOldTurns } from "#server/memory/forget.ts";

const EVERY_MS = 60 * 60_000;

interface UpkeepDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  /** Milliseconds by agent; undefined = it remembers no more. */
  retentionOf: (agent: string) => number | undefined;
}

export function openMemoryUpkeep({ log, retentionOf, ...deps }: UpkeepDeps): { close(): Promise<void> } {
  let closed = false;
  let work: Promise<void> = Promise.resolve();
  const look = (): void => {
    work = work
      .then(() => forgetOldTurns(deps, retentionOf, () => closed))
      .then(
        () => undefined,
        (error: unknown) => log.warn({ err: error }, "old turns of conversations could not be removed"),
      );
  };
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  look();
  return {
    async close() {
      closed = true;
      clearInterval(timer);
      await work;
    },
  };
}
