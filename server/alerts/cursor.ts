/** Cursors of lists whose ids rise with time: the id of the last row. */
import { AppError } from "#server/core/errors.ts";

/** @throws AppError INVALID_INPUT for a cursor that is not ours */
export function beforeId(cursor: string | undefined, prefix: string): { id?: { lt: string } } {
  if (cursor === undefined) {
    return {};
  }
  if (!new RegExp(`^${prefix}_[0-9a-z]{22}$`).test(cursor)) {
    throw new AppError("INVALID_INPUT", "cursor: is not one of ours. Start again without it.");
  }
  return { id: { lt: cursor } };
}
