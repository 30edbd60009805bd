/** Finishes what a process that died left in the quarantine, and removes content whose row says it is deleted. */
import { existsSync } from "node:fs";
import { recordEvents } from "#server/audit/index.ts";
import { sameBytes } from "#server/core/crypto/same-bytes.ts";
import { withTx } from "#server/core/db/client.ts";
import { isAppError } from "#server/core/errors.ts";
import { identityOfContent, removeSame } from "#server/files/mediated.ts";
import {
  boxFile,
  openBox,
  removeBox,
  sha256,
  type QuarantineFacts,
  type QuarantinePaths,
} from "#server/files/quarantine-box.ts";
import { markStored, type QuarantineDeps } from "#server/files/quarantine-file.ts";
import type { AccessOrigin } from "#server/files/record-access.ts";

/** A file younger than this may still be on its way in another process. */
const UNFINISHED_AFTER_MS = 60_000;

/**
 * Safe to run at any time, by several processes and on several machines at once: a machine that does not have a file's copy may declare it
 * failed, and the one that has it takes that back.
 */
export async function recoverQuarantine(deps: QuarantineDeps, origin: AccessOrigin): Promise<void> {
  const { db, clock, paths } = deps;
  const unfinished = await db.quarantinedFile.findMany({
    where: { state: { in: ["storing", "failed"] }, createdAt: { lt: new Date(clock.now() - UNFINISHED_AFTER_MS) } },
  });
  for (const row of unfinished) {
    if (isComplete(paths, row)) {
      const originalRemoved = row.path === null || removeOriginal(row.path, row);
      await withTx(db, (tx) => markStored(tx, row.id, origin, clock.now(), { name: row.name, originalRemoved }));
    } else if (row.state === "storing") {
      await giveUp(deps, origin, row);
    }
  }
  const deleted = await db.quarantinedFile.findMany({ where: { state: "deleted" }, select: { id: true } });
  deleted.filter(({ id }) => existsSync(boxFile(paths, id))).forEach(({ id }) => removeBox(paths, id));
}

function isComplete(paths: QuarantinePaths, facts: QuarantineFacts): boolean {
  try {
    return sameBytes(sha256(openBox(paths, facts)), facts.sha256);
  } catch (error) {
    if (isAppError(error)) {
      return false;
    }
    throw error;
  }
}

/** Only while it still holds what was taken in. */
function removeOriginal(path: string, { sha256: digest, sizeBytes }: QuarantineFacts): boolean {
  const identity = identityOfContent(path, Number(sizeBytes), (content) => sameBytes(sha256(content), digest));
  return identity !== null && removeSame(path, identity);
}

/** The original was never touched: without a complete copy nothing is removed. */
async function giveUp({ db, clock }: QuarantineDeps, origin: AccessOrigin, row: QuarantineFacts): Promise<void> {
  await withTx(db, async (tx) => {
    const { count } = await tx.quarantinedFile.updateMany({
      where: { id: row.id, state: "storing" },
      data: { state: "failed", endedAt: new Date(clock.now()) },
    });
    if (count > 0) {
      const data = { name: row.name };
      await recordEvents(tx, [{ ...origin, event: "file.quarantine_failed", outcome: "failed", target: row.id, data }]);
    }
  });
}
