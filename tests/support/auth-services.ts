/** Sign-in and sessions on a real database with the web process's rights, and a clock that the test moves. */
import { Client } from "pg";
import { createAuditWriter } from "#server/audit/index.ts";
import { createAttemptLimiter, type AuthServices } from "#server/auth/index.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { webOrigin } from "#server/core/http/web-origin.ts";
import { createLogger } from "#server/core/log.ts";
import { createTestDatabase } from "./database.ts";

export interface AuthTestServices extends AuthServices {
  clock: { time: number; now(): number };
  /** Names, reasons and data of all recorded events, oldest first. */
  recorded(): Promise<{ event: string; outcome: string; actorType: string; reason: string | null; data: unknown }[]>;
  /** Runs SQL as the owner of the database. */
  asOwner(sql: string): Promise<void>;
  close(): Promise<void>;
}

export async function startAuthServices(): Promise<AuthTestServices> {
  const database = await createTestDatabase();
  const pool = createPool({ connectionString: database.appUrl, name: "test", max: 20 });
  const db = createDb(pool);
  const log = createLogger("test", "silent");
  const audit = createAuditWriter({ pool, log });
  const clock = { time: Date.parse("2026-03-01T12:00:00Z"), now: () => clock.time };
  return {
    db,
    audit,
    clock,
    log,
    web: webOrigin({ bind: "127.0.0.1", port: 18789, tls: false }),
    sessionSecret: "test-only-session-secret-0123456789abcdef",
    signInAttempts: createAttemptLimiter({ clock }),
    recorded: () =>
      db.auditEvent.findMany({
        orderBy: { id: "asc" },
        select: { event: true, outcome: true, actorType: true, reason: true, data: true },
      }),
    async asOwner(sql) {
      const client = new Client({ connectionString: database.ownerUrl });
      await client.connect();
      await client.query(sql);
      await client.end();
    },
    async close() {
      await audit.close();
      await db.$disconnect();
      await pool.end();
      await database.drop();
    },
  };
}
