/**
 * What happens to errors that nobody has caught. The runtime would print them as they are, secrets included, and leave nothing on record;
 * here they are logged like any other, recorded, and end the process, whose state nobody knows any more. The supervisor starts another.
 */
import type { Logger } from "#server/core/log.ts";

type FaultKind = "uncaught_exception" | "unhandled_rejection";

/** Time the record gets (milliseconds). */
const RECORD_WITHIN_MS = 3_000;

/** Watches this process from now on. @param record puts the fault on record; may fail. */
export function onLastResort(log: Logger, record: (kind: FaultKind, error: unknown) => Promise<void>): void {
  let ending = false;
  const end = (kind: FaultKind, error: unknown): void => {
    log.fatal({ err: error, kind }, "an error that nobody caught; the process ends");
    if (ending) {
      return;
    }
    ending = true;
    setTimeout(() => process.exit(1), RECORD_WITHIN_MS);
    record(kind, error)
      .catch((failure: unknown) => log.error({ err: failure }, "the error could not be recorded"))
      .finally(() => process.exit(1));
  };
  process.on("uncaughtException", (error) => end("uncaught_exception", error));
  process.on("unhandledRejection", (error) => end("unhandled_rejection", error));
}
