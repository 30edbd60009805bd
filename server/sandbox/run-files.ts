/** Files that came with a run or out of it, as they are stored. Who may see which run is the caller's decision, as in `get-run.ts`. */
import { createHash } from "node:crypto";
import type { Db, Prisma, Tx } from "#server/core/db/client.ts";
import { AppError } from "#server/core/errors.ts";
import { randomId } from "#server/core/ids.ts";
import type { RunReading } from "#server/sandbox/get-run.ts";
import type { RunSeal } from "#server/sandbox/run-seal.ts";
import { toFileView } from "#server/sandbox/run-view.ts";
import type { RunEventData, RunFileView } from "#server/sandbox/schema.ts";
import type { z } from "zod";

/** A file as it was judged. */
export interface NewRunFile {
  path: string;
  bytes: number;
  /** Null unless it is stored. */
  content: Buffer | null;
  verdict: RunFileView["verdict"];
  /** Why it is not there, or what was noticed about it. */
  reason: string | null;
}

const FILE_COLUMNS = {
  id: true,
  direction: true,
  path: true,
  sizeBytes: true,
  sha256: true,
  verdict: true,
  reason: true,
  createdAt: true,
} as const satisfies Prisma.RunFileSelect;

/** Rows for `storeRunFiles`, with everything that takes time done: nothing slow belongs in a transaction. */
export function runFileRows(
  seal: Pick<RunSeal, "sealContent">,
  runId: string,
  direction: RunFileView["direction"],
  files: readonly NewRunFile[],
): Prisma.RunFileCreateManyInput[] {
  return files.map(({ path, bytes, content, verdict, reason }) => {
    const id = randomId("fil");
    return {
      id,
      runId,
      direction,
      path,
      sizeBytes: BigInt(bytes),
      sha256: content === null ? null : new Uint8Array(digestOf(content)),
      content: content === null ? null : seal.sealContent(id, content),
      verdict,
      reason,
    };
  });
}

export async function storeRunFiles(tx: Tx, rows: readonly Prisma.RunFileCreateManyInput[]): Promise<void> {
  if (rows.length > 0) {
    await tx.runFile.createMany({ data: [...rows] });
  }
}

/** What a run's stream says about a file. */
export function fileEvent(
  direction: RunFileView["direction"],
  { path, bytes, verdict, reason }: NewRunFile,
): z.infer<(typeof RunEventData)["file"]> {
  return { direction, path, bytes, verdict, reason };
}

export const digestOf = (content: Uint8Array): Buffer => createHash("sha256").update(content).digest();

/** What the launcher puts into the container. @throws AppError CANNOT_DECRYPT */
export async function readInputs(
  { db, runSeal }: RunReading,
  runId: string,
): Promise<{ path: string; content: Buffer }[]> {
  const rows = await db.runFile.findMany({
    where: { runId, direction: "input", verdict: "stored" },
    select: { id: true, path: true, content: true },
    orderBy: { path: "asc" },
  });
  return rows.flatMap(({ id, path, content }) =>
    content === null ? [] : [{ path, content: runSeal.openContent({ id, runId }, content) }],
  );
}

/** Inputs before outputs, by path. */
export async function listRunFiles(db: Db, runId: string): Promise<RunFileView[]> {
  const rows = await db.runFile.findMany({
    where: { runId },
    select: FILE_COLUMNS,
    orderBy: [{ direction: "asc" }, { path: "asc" }],
  });
  return rows.map(toFileView);
}

/** @throws AppError NOT_FOUND, also for a file without content: the sentence says why it has none; CANNOT_DECRYPT. */
export async function readRunFile(
  { db, runSeal }: RunReading,
  runId: string,
  fileId: string,
): Promise<RunFileView & { content: Buffer }> {
  const row = await db.runFile.findFirst({ where: { id: fileId, runId }, select: { ...FILE_COLUMNS, content: true } });
  if (row === null) {
    throw new AppError("NOT_FOUND", `This run has no such file. List them with GET /api/v1/runs/${runId}/files.`);
  }
  const file = toFileView(row);
  if (row.content === null) {
    throw new AppError("NOT_FOUND", `This file was ${file.verdict}, so there is no content: ${file.reason ?? ""}`);
  }
  return { ...file, content: runSeal.openContent({ id: fileId, runId }, row.content) };
}
