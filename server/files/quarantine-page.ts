/** What lies in quarantine, page by page. */
import type { Db } from "#server/core/db/client.ts";
import { afterCursor, NEWEST_FIRST, toPage } from "#server/core/db/keyset.ts";
import { quarantineView } from "#server/files/quarantine-list.ts";
import type { QuarantineView } from "#server/files/schema.ts";

interface QuarantineQuery {
  /** A state, or `all`; absent: those whose content is still there. */
  state?: string | undefined;
  run?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** Newest first. @throws AppError INVALID_INPUT for a cursor that is not ours. */
export async function quarantinePage(
  db: Db,
  { state, run, limit, cursor }: QuarantineQuery,
): Promise<{ files: QuarantineView[]; nextCursor: string | null }> {
  const rows = await db.quarantinedFile.findMany({
    where: {
      ...(state === "all" ? {} : { state: state ?? { in: ["storing", "stored", "restored"] } }),
      ...(run === undefined ? {} : { runId: run }),
      ...afterCursor(cursor),
    },
    orderBy: NEWEST_FIRST,
    take: limit + 1,
  });
  const { page, nextCursor } = toPage(rows, limit);
  return { files: page.map(quarantineView), nextCursor };
}
