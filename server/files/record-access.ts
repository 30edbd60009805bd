/** Makes a mediated access part of the record (FS-4). */
import type { Actor, AuditEventInput } from "#server/audit/schema.ts";
import { recordEvents } from "#server/audit/index.ts";
import { withTx, type Db } from "#server/core/db/client.ts";
import type { FileAccess } from "#server/files/mediated.ts";
import type { FileSystemConfig } from "#server/files/schema.ts";

/** On whose behalf files are touched. */
export type AccessOrigin = Pick<AuditEventInput, "tokenId" | "userId" | "channel" | "requestId"> & { actor: Actor };

/** What passes is recorded when the configuration asks for it, what is refused always. */
export function accessRecorder(
  db: Db,
  origin: AccessOrigin,
  { logFileAccess }: FileSystemConfig["monitoring"],
): (access: FileAccess) => Promise<void> {
  return async ({ operation, path, bytes, answer }) => {
    if (answer.allow && !logFileAccess) {
      return;
    }
    const event: AuditEventInput = {
      ...origin,
      event: answer.allow ? "file.accessed" : "file.refused",
      outcome: answer.allow ? "ok" : "denied",
      target: path,
      reason: answer.allow ? "allowed" : answer.code,
      because: answer.because,
      data: { operation, bytes },
    };
    await withTx(db, (tx) => recordEvents(tx, [event]));
  };
}
