/** What the `openclaw incident` commands share. */
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { OPERATOR } from "./operator.ts";
import { systemClock, type Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import type { By, LockedBy } from "#server/incidents/index.ts";

export const OPERATOR_BY: By & LockedBy = { actor: OPERATOR, name: "operator at the command line", member: null };

export const inIncident = <T>(context: CliContext, work: (deps: { db: Db; clock: Clock }) => Promise<T>): Promise<T> =>
  withDatabase(context, (db) => work({ db, clock: systemClock }));

/** The incident that is open. @throws AppError NOT_FOUND when none is */
export async function openOne({ db }: { db: Db }): Promise<string> {
  const found = await db.incident.findFirst({
    where: { closedAt: null },
    orderBy: { drill: "asc" },
    select: { id: true },
  });
  if (found === null) {
    throw new AppError(
      "NOT_FOUND",
      "No incident is open. Open one with: openclaw incident open, or name one with --id.",
    );
  }
  return found.id;
}
