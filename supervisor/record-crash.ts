/** The end of a process that nobody asked for, on record: one that was killed cannot record it itself. */
import { createAuditWriter } from "#server/audit/index.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";

interface Crash {
  /** Name of the process. */
  name: string;
  /** Exit code or signal. */
  how: string;
  /** Milliseconds until it is started again. */
  restartMs: number;
}

/** Over a connection of its own, which is rarely needed. @throws AppError("AUDIT_UNAVAILABLE") when the database does not take it. */
export async function recordCrash(appUrl: string, { name, how, restartMs }: Crash): Promise<void> {
  const pool = createPool({ connectionString: appUrl, name: "supervisor", max: 1 });
  const writer = createAuditWriter({ pool, log: createLogger("supervisor", "silent") });
  try {
    await writer.append([
      {
        event: "system.error",
        outcome: "failed",
        actor: { type: "system", id: "supervisor" },
        target: name,
        reason: "process_crashed",
        data: { how, restartMs: Math.round(restartMs) },
      },
    ]);
  } finally {
    await writer.close();
    await pool.end();
  }
}
