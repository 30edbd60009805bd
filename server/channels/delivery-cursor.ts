/** Cursors of the delivery log: the id of the last row, which rises with time. */
import { AppError } from "#server/core/errors.ts";

const ID_FORM = /^dlv_[0-9a-z]{22}$/;

/** @throws AppError INVALID_INPUT for a cursor that is not ours */
export function afterOrderedId(cursor: string | undefined): { id?: { lt: string } } {
  if (cursor === undefined) {
    return {};
  }
  if (!ID_FORM.test(cursor)) {
    throw new AppError("INVALID_INPUT", "The cursor is not one of ours. Start again without it.");
  }
  return { id: { lt: cursor } };
}
