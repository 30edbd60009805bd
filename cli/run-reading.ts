/** Runs as a command reads them: with the keys that open what they hold. */
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { openOrMakeKeys } from "./keys.ts";
import { OPERATOR } from "./operator.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { withTx } from "#server/core/db/client.ts";
import { createRunOpener, type RunReading } from "#server/sandbox/index.ts";

/**
 * What cannot be opened is on record before the command ends.
 * @throws AppError("NOT_CONFIGURED") when the master secret is missing or another one; STORE_UNAVAILABLE as `withDatabase` does.
 */
export async function withRuns<T>(context: CliContext, work: (reading: RunReading) => Promise<T>): Promise<T> {
  return withDatabase(context, async (db) => {
    const keyring = await openOrMakeKeys(context);
    const unreadable: AuditEventInput[] = [];
    const runSeal = createRunOpener({ keyring, actor: OPERATOR, record: (event) => void unreadable.push(event) });
    try {
      return await work({ db, runSeal });
    } finally {
      if (unreadable.length > 0) {
        await withTx(db, (tx) => recordEvents(tx, unreadable));
      }
    }
  });
}
