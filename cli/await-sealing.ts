/** Before the record is read: what happened a moment ago is shown as well, and what cannot be shown yet is said. */
import type { CliContext } from "./context.ts";
import { awaitSealing } from "#server/audit/index.ts";
import type { Pool } from "pg";

export async function waitForSealer(context: CliContext, pool: Pool): Promise<void> {
  const waiting = await awaitSealing(pool);
  if (waiting > 0) {
    const batches = waiting === 1 ? "1 batch of events is" : `${waiting} batches of events are`;
    context.err(`${batches} not sealed yet and not shown; is the sealer running?`);
  }
}
