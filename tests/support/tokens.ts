/** Everything the tokens' use cases and their store need, on a database of its own, with a clock that can be moved. */
import { createSecretKey } from "node:crypto";
import type { Pool } from "pg";
import { Client } from "pg";
import { RECORDED } from "./audit.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { unlimitedGrantor } from "#server/access/index.ts";
import type { PolicySnapshot, RolePolicy } from "#server/access/schema.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { openNotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import {
  createToken,
  openTokenStore,
  type CreatedToken,
  type TokenDeps,
  type TokenStore,
} from "#server/tokens/index.ts";
import type { CreateToken } from "#server/tokens/schema.ts";

export const OPERATOR = { type: "operator", id: "test" } as const;
const role = (permissions: string[], channels = ["*"], commands = ["*"]): RolePolicy => ({
  permissions,
  channels,
  commands,
  source: "role",
});

export interface TokenBench {
  database: TestDatabase;
  pool: Pool;
  db: Db;
  deps: TokenDeps;
  store: TokenStore;
  /** Moves the clock of use cases and store forward (milliseconds). */
  pass(ms: number): void;
  mint(input?: Partial<CreateToken>): Promise<CreatedToken>;
  /** Runs SQL as the owner of the database. */
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Audit events about one token, oldest first. */
  recorded(target: string): Promise<Recorded[]>;
  close(): Promise<void>;
}

interface Recorded {
  event: string;
  outcome: string;
  actor_id: string;
  reason: string | null;
  data: Record<string, unknown>;
}

export async function openTokenBench(): Promise<TokenBench> {
  const database = await createTestDatabase();
  const pool = createPool({ connectionString: database.appUrl, name: "test", max: 8 });
  const db = createDb(pool);
  const log = createLogger("test", "silent");
  const hub = await openNotifyHub(database.appUrl, "test", log);
  const owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  let ahead = 0;
  const clock = { now: () => Date.now() + ahead };
  const pepper = { id: "p1", key: createSecretKey(Buffer.alloc(32, 7)) };
  const policy: PolicySnapshot = {
    enabled: true,
    roles: new Map([
      ["admin", role(["*"])],
      ["user", role(["read", "write"])],
      ["runner", role(["runs:create"])],
    ]),
    users: new Map(),
    channels: new Map(),
  };
  const settings = { expiration: 3_600_000, maxTokens: 5, tokenLength: 32 };
  const deps: TokenDeps = { db, clock, pepper, settings, policy };
  const store = await openTokenStore({ pool, notify: hub, pepper, clock, log });
  const sql: TokenBench["sql"] = async <Row extends object>(text: string, values?: unknown[]) =>
    (await owner.query<Row>(text, values)).rows;
  return {
    database,
    pool,
    db,
    deps,
    store,
    pass: (ms) => void (ahead += ms),
    mint: (input = {}) => createToken(deps, unlimitedGrantor(OPERATOR), { name: "bot", role: "user", ...input }),
    sql,
    recorded: (target) =>
      sql(`SELECT event, outcome, actor_id, reason, data FROM ${RECORDED} AS record WHERE target = $1 ORDER BY n`, [
        target,
      ]),
    async close() {
      await store.close();
      await hub.close();
      await owner.end();
      await db.$disconnect();
      await pool.end();
      await database.drop();
    },
  };
}
