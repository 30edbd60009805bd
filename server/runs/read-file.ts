/** A file of a run for somebody at the console: each time it is handed out is on record when the configuration asks for it. */
import type { AuditWriter } from "#server/audit/index.ts";
import type { CallOrigin, ConsoleSession } from "#server/auth/index.ts";
import type { ConfigStore } from "#server/config/index.ts";
import { readRunFile, requireRun, type RunReading } from "#server/sandbox/index.ts";
import { scopeOf } from "#server/runs/scope.ts";

interface ReadFileDeps extends RunReading {
  audit: AuditWriter;
  config: Pick<ConfigStore, "current">;
}

/** @throws AppError NOT_FOUND for what does not exist, has no content or is not the caller's to see; CANNOT_DECRYPT. */
export async function readFileForConsole(
  deps: ReadFileDeps,
  session: ConsoleSession,
  { address, requestId }: CallOrigin,
  { runId, fileId }: { runId: string; fileId: string },
): Promise<{ path: string; content: Uint8Array<ArrayBuffer> }> {
  await requireRun(deps.db, runId, await scopeOf(deps.db, session, "runs:read_all"));
  const { path, bytes, content } = await readRunFile(deps, runId, fileId);
  if (deps.config.current().config.security.fileSystem.monitoring.logFileAccess) {
    await deps.audit.append([
      {
        event: "file.accessed",
        outcome: "ok",
        actor: session.actor,
        address,
        requestId,
        target: runId,
        reason: "allowed",
        data: { operation: "read", fileId, path, bytes },
      },
    ]);
  }
  return { path, content: new Uint8Array(content) };
}
