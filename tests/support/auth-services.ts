/** Sign-in and sessions on a real database with the web process's rights, and a clock that the test moves. */
import { Client, type Pool, type QueryResult } from "pg";
import { readPolicy, type PolicyStore } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { createAuditWriter, createCollapser } from "#server/audit/index.ts";
import { createAttemptLimiter } from "#server/auth/attempt-limiter.ts";
import { createFactorSeal, createPasswords, createSessionSeal, type AuthServices } from "#server/auth/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { createDb } from "#server/core/db/client.ts";
import { openTestKeyring } from "./keyring.ts";
import { createPool } from "#server/core/db/pool.ts";
import { webOrigin } from "#server/core/http/web-origin.ts";
import { createLogger } from "#server/core/log.ts";
import { RECORDED } from "./audit.ts";
import { testLocks, type TestLocks } from "./locks.ts";
import { createTestDatabase } from "./database.ts";

export interface AuthTestServices extends AuthServices {
  clock: { time: number; now(): number };
  pool: Pool;
  keyring: Keyring;
  /** The roles in force, which a test may replace. */
  policy: PolicyStore & { snapshot: PolicySnapshot };
  /** Whom an incident shuts out, which a test may set. */
  locks: TestLocks;
  /** Roles that need a second factor, which a test may replace. */
  mfa: string[];
  /** What the tests ask of all recorded events, oldest first. */
  recorded(): Promise<RecordedEvent[]>;
  /** Runs SQL as the owner of the database. */
  asOwner(sql: string): Promise<void>;
  close(): Promise<void>;
}

const NOTHING_CONFIGURED = { enabled: true, roles: undefined, users: undefined, channels: undefined };

interface RecordedEvent {
  event: string;
  outcome: string;
  actorType: string;
  reason: string | null;
  target: string | null;
  because: string | null;
  address: string | null;
  data: unknown;
}

export async function startAuthServices(): Promise<AuthTestServices> {
  const database = await createTestDatabase();
  const pool = createPool({ connectionString: database.appUrl, name: "test", max: 20 });
  const db = createDb(pool);
  const keyring = await openTestKeyring();
  const log = createLogger("test", "silent");
  const audit = createAuditWriter({ pool, log });
  const clock = { time: Date.parse("2026-03-01T12:00:00Z"), now: () => clock.time };
  async function asOwner<Row extends object>(sql: string): Promise<QueryResult<Row>> {
    const client = new Client({ connectionString: database.ownerUrl });
    await client.connect();
    try {
      return await client.query<Row>(sql);
    } finally {
      await client.end();
    }
  }

  const policy = {
    snapshot: await readPolicy(pool, NOTHING_CONFIGURED),
    current: () => policy.snapshot,
    reload: async () => undefined,
  };
  const services: AuthTestServices = {
    db,
    pool,
    keyring,
    policy,
    mfa: ["*"],
    mfaRoles: () => services.mfa,
    factorSeal: createFactorSeal(keyring),
    passwords: createPasswords(),
    audit,
    clock,
    log,
    web: webOrigin({ bind: "127.0.0.1", port: 18789, tls: false }),
    sessionSecret: "test-only-session-secret-0123456789abcdef",
    sessionSeal: createSessionSeal(keyring, () => true),
    attempts: createAttemptLimiter({ clock }),
    locks: testLocks(),
    refusals: createCollapser(audit),
    recorded: async () => {
      const columns = 'event, outcome, actor_type AS "actorType", reason, target, because, address, data';
      const result = await asOwner<RecordedEvent>(`SELECT ${columns} FROM ${RECORDED} AS record ORDER BY n`);
      return result.rows;
    },
    asOwner: async (sql) => void (await asOwner(sql)),
    async close() {
      await audit.close();
      await db.$disconnect();
      await pool.end();
      await database.drop();
    },
  };
  return services;
}
