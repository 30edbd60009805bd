/** What lies in quarantine. */
import type { Db } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { QuarantineView } from "#server/files/schema.ts";
import type { QuarantineFacts } from "#server/files/quarantine-box.ts";

const MAX_ROWS = 1_000;

/** Newest first, at most 1,000. @param all also those that are deleted or never got there. */
export async function listQuarantine(db: Db, { all = false } = {}): Promise<QuarantineView[]> {
  const rows = await db.quarantinedFile.findMany({
    ...(all ? {} : { where: { state: { in: ["storing", "stored", "restored"] } } }),
    orderBy: [{ createdAt: "desc" }, { id: "asc" }],
    take: MAX_ROWS,
  });
  return rows.map(quarantineView);
}

/** @throws AppError NOT_FOUND */
export async function findQuarantined(db: Db, id: string): Promise<QuarantineFacts & { state: string }> {
  const row = await db.quarantinedFile.findUnique({ where: { id } });
  if (row === null) {
    throw new AppError("NOT_FOUND", `There is no file "${id}" in quarantine. See them with: openclaw quarantine list`);
  }
  return row;
}

/** @throws AppError NOT_FOUND */
export async function showQuarantined(db: Db, id: string): Promise<QuarantineView> {
  await findQuarantined(db, id);
  return quarantineView(await db.quarantinedFile.findUniqueOrThrow({ where: { id } }));
}

type Row = QuarantineFacts & { state: string; storedAt: Date | null; endedAt: Date | null; endedBy: string | null };

export const quarantineView = ({ sizeBytes, sha256, ...rest }: Row): QuarantineView =>
  QuarantineView.parse({ ...rest, sizeBytes: Number(sizeBytes), sha256: Buffer.from(sha256).toString("hex") });
