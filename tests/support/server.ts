/** The real web process against a database of its own, as a child on a free port. */
import { fork, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { RECORDED } from "./audit.ts";
import { openTestKeyring } from "./keyring.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { readPolicy, unlimitedGrantor } from "#server/access/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import type { EngineFacts } from "#server/sandbox/schema.ts";
import { createToken, loadPepper } from "#server/tokens/index.ts";
import type { CreateToken } from "#server/tokens/schema.ts";

export interface TestServer {
  url: string;
  home: HomePaths;
  database: TestDatabase;
  process: ChildProcess;
  /** A token of the running server. */
  token(input?: Partial<CreateToken>): Promise<{ id: string; token: string }>;
  /** Runs SQL as the owner of the database. */
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Audit events of one request, oldest first. */
  events(requestId: string | null): Promise<AuditRow[]>;
  /** Audit events of one name, oldest first. */
  recorded(event: string): Promise<AuditRow[]>;
  stop(): Promise<void>;
}

interface AuditRow {
  event: string;
  outcome: string;
  reason: string | null;
  because: string | null;
  actor_id: string;
  user_id: string | null;
  data: Record<string, unknown>;
}

interface ServerOptions {
  /** Added to the process's environment. */
  env?: Record<string, string>;
  /** Another server whose home and database this one uses too; it has to be stopped after this one. */
  sharing?: TestServer;
}

/** @param config text of the configuration file; default: none. */
export async function startServer(config?: string, { env, sharing }: ServerOptions = {}): Promise<TestServer> {
  const database = sharing?.database ?? (await createTestDatabase());
  const home = sharing?.home ?? homePaths(mkdtempSync(join(tmpdir(), "openclaw-server-")));
  ensureHome(home);
  if (config !== undefined) {
    writeFileSync(home.configFile, config, { mode: 0o600 });
  }
  // With few rounds: a server that makes its own keyring takes its time for each of them.
  await openTestKeyring(home.keysDir);
  const child = fork("server/main.ts", ["--without-console"], {
    env: {
      ...process.env,
      OPENCLAW_HOME: home.home,
      OPENCLAW_PORT: "0",
      OPENCLAW_DATABASE_URL: database.appUrl,
      OPENCLAW_LOG_LEVEL: "error",
      ...env,
    },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const port = await readyPort(child);
  const pool = createPool({ connectionString: database.appUrl, name: "test", max: 3 });
  const db = createDb(pool);
  const owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  const sql: TestServer["sql"] = async <Row extends object>(text: string, values?: unknown[]) =>
    (await owner.query<Row>(text, values)).rows;

  /** What is durable, sealed or still on its way to the sealer. */
  const recordWhere = (column: "request_id" | "event", value: string | null): Promise<AuditRow[]> =>
    sql<AuditRow>(
      `SELECT event, outcome, reason, because, actor_id, user_id, data FROM ${RECORDED} AS record WHERE ${column} = $1 ORDER BY n`,
      [value],
    );

  return {
    url: `http://127.0.0.1:${port}`,
    home,
    database,
    process: child,
    async token(input = {}) {
      const policy = await readPolicy(pool, { enabled: true, roles: undefined, users: undefined, channels: undefined });
      const settings = { expiration: 3_600_000, maxTokens: 1000, tokenLength: 32 };
      const deps = { db, clock: systemClock, pepper: loadPepper(home), settings, policy };
      const created = await createToken(deps, unlimitedGrantor({ type: "operator", id: "test" }), {
        name: "test",
        role: "admin",
        ...input,
      });
      if (input.allowedIps === undefined) {
        await known(port, created.token);
      }
      return created;
    },
    sql,
    events: (requestId) => recordWhere("request_id", requestId),
    recorded: (event) => recordWhere("event", event),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGTERM");
        await ended;
      }
      await owner.end();
      await db.$disconnect();
      await pool.end();
      if (sharing === undefined) {
        await database.drop();
        rmSync(home.home, { recursive: true, force: true });
      }
    },
  };
}

/** Makes the server believe in a worker with an engine: runs are accepted, and nobody works on them. */
export async function announceEngine(server: TestServer): Promise<void> {
  const engine: EngineFacts = {
    reachable: true,
    endpoint: "none",
    version: null,
    runtimes: [],
    storageDriver: null,
    image: null,
    imageDigest: null,
    loopDisks: true,
    error: null,
  };
  await server.sql(
    `INSERT INTO worker_node (id, host, pid, version, engine, started_at, heartbeat_at)
     VALUES ('wrk_test', 'test', 1, '0', $1, now(), now() + interval '1 hour')`,
    [JSON.stringify(engine)],
  );
}

/** Resolves once the server has heard of the token. */
async function known(port: number, token: string): Promise<void> {
  for (;;) {
    const { status } = await fetch(`http://127.0.0.1:${port}/api/v1/whoami`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (status === 200) {
      return;
    }
  }
}

function readyPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`the server ended with code ${code} before it was ready`)));
    child.on("message", (message: { type?: string; port?: number }) => {
      if (message.type === "ready" && message.port !== undefined) {
        resolve(message.port);
      }
    });
  });
}
