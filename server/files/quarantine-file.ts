/**
 * Takes a file out of circulation (FS-5): the row first, then the encrypted copy, then the original goes, then the row says so. Whatever
 * moment the process dies at, `recoverQuarantine` brings it to one end, and no moment loses the content.
 */
import { recordEvents } from "#server/audit/index.ts";
import type { Clock } from "#server/core/clock.ts";
import { withTx, type Db, type Tx } from "#server/core/db/client.ts";
import { newQuarantineId } from "#server/core/ids.ts";
import { removeSame, type FileIdentity } from "#server/files/mediated.ts";
import { sha256, storeBox, type QuarantinePaths } from "#server/files/quarantine-box.ts";
import type { AccessOrigin } from "#server/files/record-access.ts";
import type { FileFinding } from "#server/files/schema.ts";

export interface QuarantineDeps {
  db: Db;
  clock: Clock;
  paths: QuarantinePaths;
}

export interface Suspect {
  name: string;
  content: Buffer;
  findings: readonly FileFinding[];
  /** Where it lies on this machine and which file it is; absent = there is no original to remove. */
  original?: { path: string; identity: FileIdentity };
  runId?: string | undefined;
}

/** @returns its id, and whether the original is gone: another file may have taken its place meanwhile. */
export async function quarantineFile(
  deps: QuarantineDeps,
  origin: AccessOrigin,
  { name, content, findings, original, runId }: Suspect,
): Promise<{ id: string; originalRemoved: boolean }> {
  const facts = {
    id: newQuarantineId(),
    name,
    path: original?.path ?? null,
    sizeBytes: BigInt(content.length),
    sha256: new Uint8Array(sha256(content)),
    findings: findings.map((finding) => ({ ...finding })),
    runId: runId ?? null,
    userId: origin.userId ?? null,
    channel: origin.channel ?? null,
    createdAt: new Date(deps.clock.now()),
  };
  await deps.db.quarantinedFile.create({ data: facts });
  storeBox(deps.paths, facts, content);
  const originalRemoved = original === undefined || removeSame(original.path, original.identity);
  await withTx(deps.db, (tx) => markStored(tx, facts.id, origin, deps.clock.now(), { name, originalRemoved }));
  return { id: facts.id, originalRemoved };
}

/** The step to `stored`, with its record; nothing when another process took it first. */
export async function markStored(
  tx: Tx,
  id: string,
  origin: AccessOrigin,
  now: number,
  data: { name: string; originalRemoved: boolean },
): Promise<void> {
  const { count } = await tx.quarantinedFile.updateMany({
    where: { id, state: { in: ["storing", "failed"] } },
    data: { state: "stored", storedAt: new Date(now), endedAt: null },
  });
  if (count > 0) {
    await recordEvents(tx, [{ ...origin, event: "file.quarantined", outcome: "ok", target: id, data }]);
  }
}
