/** Two people at one record: who saves what they did not see is refused, so that nobody's change is lost without a word. */
import { createHash } from "node:crypto";
import { AppError } from "#server/core/errors.ts";

/** Fingerprint of a record's content; null for none. The same content has the same one, whoever wrote it. */
export function revisionOf(record: object | null): string | null {
  return record === null ? null : createHash("sha256").update(JSON.stringify(record)).digest("hex").slice(0, 32);
}

/**
 * @param noun what it is, for the message: `Role "user"`.
 * @param seen what the editor was shown; undefined = not asked to compare, as at the command line.
 * @throws AppError CONFLICT with the record as it is now in `details.current`.
 */
export function refuseStale(noun: string, seen: string | null | undefined, current: object | null): void {
  if (seen === undefined || seen === revisionOf(current)) {
    return;
  }
  const what =
    current === null ? "has been removed" : seen === null ? "exists already" : "has been changed by somebody else";
  throw new AppError("CONFLICT", `${noun} ${what} since you opened it. Compare it with yours, then save again.`, {
    details: { reason: "changed_meanwhile", current, revision: revisionOf(current) },
  });
}
