/** Ends a file in quarantine for good. The row stays and says who did it. */
import { recordEvents } from "#server/audit/index.ts";
import { withTx } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { removeBox } from "#server/files/quarantine-box.ts";
import type { QuarantineDeps } from "#server/files/quarantine-file.ts";
import { findQuarantined } from "#server/files/quarantine-list.ts";
import type { AccessOrigin } from "#server/files/record-access.ts";

/**
 * The decision is durable before the content goes; a crash in between is finished by `recoverQuarantine`.
 * @returns false when it was deleted before. @throws AppError NOT_FOUND, CONFLICT while it is being taken in.
 */
export async function deleteQuarantined(
  { db, clock, paths }: QuarantineDeps,
  origin: AccessOrigin,
  id: string,
): Promise<boolean> {
  const { state } = await findQuarantined(db, id);
  if (state === "storing") {
    throw new AppError("CONFLICT", `The file ${id} is being taken in at this moment. Try again in a minute.`);
  }
  const deleted = await withTx(db, async (tx) => {
    const { count } = await tx.quarantinedFile.updateMany({
      where: { id, state: { in: ["stored", "restored"] } },
      data: { state: "deleted", endedAt: new Date(clock.now()), endedBy: origin.actor.id },
    });
    if (count > 0) {
      await recordEvents(tx, [{ ...origin, event: "file.deleted", outcome: "ok", target: id }]);
    }
    return count > 0;
  });
  removeBox(paths, id);
  return deleted;
}
