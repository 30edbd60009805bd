/** Changes that a command can make also while no gateway runs: on record where there is a database, told where there is none. */
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { OPERATOR } from "./operator.ts";
import { recordEvents } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { withTx } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";

/** @param change made inside the transaction and last in it, so that nothing is on record that did not happen. */
export async function changeOnRecord(
  context: CliContext,
  event: Omit<AuditEventInput, "actor">,
  change: () => void,
): Promise<void> {
  let made = false;
  const makeOnce = (): void => {
    change();
    made = true;
  };
  try {
    await withDatabase(context, (db) =>
      withTx(db, async (tx) => {
        await recordEvents(tx, [{ ...event, actor: OPERATOR }]);
        makeOnce();
      }),
    );
  } catch (error) {
    if (made || !(error instanceof AppError) || error.code !== "STORE_UNAVAILABLE") {
      throw error;
    }
    makeOnce();
    context.err("This is not on record, because the gateway does not run.");
  }
}
