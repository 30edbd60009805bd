/** Cursors of lists that show the newest first: the last row's time and id, so that pages stay stable while rows are added. */
import { z } from "zod";
import { AppError } from "#server/core/errors.ts";

const Cursor = z.tuple([z.iso.datetime(), z.string().min(1).max(100)]);

/** The column order that cursors belong to. */
export const NEWEST_FIRST = [{ createdAt: "desc" }, { id: "desc" }] satisfies Record<string, "asc" | "desc">[];

interface Dated {
  createdAt: Date;
  id: string;
}

/** One page of `limit` out of rows of which one more was asked for. `nextCursor` is null on the last page. */
export function toPage<Row extends Dated>(
  rows: readonly Row[],
  limit: number,
): { page: Row[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { page, nextCursor: rows.length > limit && last !== undefined ? encode(last) : null };
}

/** Condition for the rows behind a cursor; none for the first page. @throws AppError INVALID_INPUT for a cursor that is not ours. */
export function afterCursor(cursor: string | undefined) {
  if (cursor === undefined) {
    return {};
  }
  const [createdAt, id] = decode(cursor);
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] };
}

function encode({ createdAt, id }: Dated): string {
  return Buffer.from(JSON.stringify([createdAt.toISOString(), id])).toString("base64url");
}

function decode(cursor: string): [Date, string] {
  try {
    const [createdAt, id] = Cursor.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
    return [new Date(createdAt), id];
  } catch (cause) {
    throw new AppError("INVALID_INPUT", "The cursor is not one of ours. Start again without it.", { cause });
  }
}
