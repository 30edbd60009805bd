/** What the record holds of the caller's own doing. */
import type { Pool } from "pg";
import type { ActivityPage, ActivityQuery } from "#server/account/schema.ts";
import { listEvents } from "#server/audit/index.ts";
import { AppError } from "#server/core/errors.ts";
import type { z } from "zod";

const PAGE = 50;

/** Newest first. @throws AppError INVALID_INPUT for a cursor that was made up. */
export async function listActivity(
  pool: Pool,
  memberId: string,
  { cursor }: z.output<typeof ActivityQuery>,
): Promise<ActivityPage> {
  const before = cursor === undefined ? undefined : Number(cursor);
  if (before !== undefined && !(Number.isSafeInteger(before) && before > 0)) {
    throw new AppError("INVALID_INPUT", "cursor: give the one of the page before.");
  }
  const { events, next } = await listEvents(pool, {
    actor: memberId,
    limit: PAGE,
    ...(before === undefined ? {} : { before }),
  });
  return {
    events: events.map(({ seq, at, event, outcome, reason, address }) => ({
      seq,
      at: new Date(at),
      event,
      outcome,
      reason: reason ?? null,
      address: address ?? null,
    })),
    nextCursor: next === null ? null : String(next),
  };
}
