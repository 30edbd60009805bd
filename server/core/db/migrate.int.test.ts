/** The migrations: repeatable, in step with the Prisma schema, and their rights and rules really refuse. */
import { readdirSync } from "node:fs";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { draftMigration, EMPTY_MIGRATION, migrate } from "#server/core/db/migrate.ts";
import { createTestDatabase, type TestDatabase } from "../../../tests/support/database.ts";

let db: TestDatabase;
let owner: Client;
let app: Client;
let worker: Client;
let sealer: Client;

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  await client.connect();
  return client;
}

beforeAll(async () => {
  db = await createTestDatabase();
  [owner, app, worker, sealer] = await Promise.all([
    connect(db.ownerUrl),
    connect(db.appUrl),
    connect(db.workerUrl),
    connect(db.sealerUrl),
  ]);
});

afterAll(async () => {
  await Promise.all([owner, app, worker, sealer].map((client) => client.end()));
  await db.drop();
});

const BATCH = "INSERT INTO audit_intake (events) VALUES ('[]')";
const SEALED =
  "INSERT INTO audit_event (seq, at, event, code, kind, severity, outcome, actor_type, actor_id, data, hash) VALUES (1, now(), 'e', 'c', 'k', 'info', 'ok', 'system', 's', '{}', 'h')";

/** Resolves with the first payload on `channel` that arrives while or after `change` runs; unrelated ones come before it. */
async function heard(channel: string, change: () => Promise<unknown>): Promise<string[]> {
  const listener = await connect(db.ownerUrl);
  const payloads: string[] = [];
  const marker = new Promise<void>((resolve) => {
    listener.on("notification", (message) =>
      message.channel === "marker" ? resolve() : void payloads.push(message.payload ?? ""),
    );
  });
  await listener.query(`LISTEN ${channel}; LISTEN marker`);
  await change();
  await owner.query("NOTIFY marker");
  await marker;
  await listener.end();
  return payloads;
}

async function insertRun(id: string): Promise<void> {
  await app.query(
    "INSERT INTO run (id, language, code, principal_id, role_name, channel, request_id) VALUES ($1, 'python', 'print(1)', 'p', 'admin', 'api', 'r')",
    [id],
  );
}

describe("migrations", () => {
  it("apply nothing the second time", async () => {
    expect(await migrate(db.ownerUrl)).toEqual([]);
  });

  it("apply once when several processes start together", async () => {
    const fresh = await createTestDatabase();
    try {
      const client = await connect(fresh.ownerUrl);
      await client.query("DROP SCHEMA public CASCADE; DROP SCHEMA pgboss CASCADE; CREATE SCHEMA public");
      await client.end();
      const applied = await Promise.all([migrate(fresh.ownerUrl), migrate(fresh.ownerUrl), migrate(fresh.ownerUrl)]);
      const all = readdirSync("prisma/migrations", { withFileTypes: true }).filter((entry) => entry.isDirectory());
      expect(applied.map((names) => names.length).sort()).toEqual([0, 0, all.length]);
    } finally {
      await fresh.drop();
    }
  });

  it("run again after being cut off", async () => {
    const fresh = await createTestDatabase();
    try {
      const client = await connect(fresh.ownerUrl);
      await client.query("DROP SCHEMA pgboss CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
      await client.query(
        "CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)",
      );
      await client.query(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'y', '20261122000000_tables')",
      );
      await client.end();
      expect(await migrate(fresh.ownerUrl)).toContain("20261122000000_tables");
    } finally {
      await fresh.drop();
    }
  });

  it("lead exactly to the Prisma schema", async () => {
    expect((await draftMigration(db.ownerUrl)).trim()).toBe(EMPTY_MIGRATION);
  });

  it("seed the three roles of the guide", async () => {
    const { rows } = await app.query<{ name: string; builtin: boolean }>(
      "SELECT name, builtin FROM role ORDER BY name",
    );
    expect(rows).toEqual([
      { name: "admin", builtin: true },
      { name: "readonly", builtin: true },
      { name: "user", builtin: true },
    ]);
  });
});

describe("rights", () => {
  const refusedToApp = [
    "UPDATE audit_event SET reason = 'x'",
    "UPDATE audit_event SET seq = 1, hash = 'x'",
    "DELETE FROM audit_event",
    "TRUNCATE audit_event",
    SEALED,
    "SELECT events FROM audit_intake",
    "UPDATE audit_intake SET events = '[]'",
    "DELETE FROM audit_intake",
    "TRUNCATE audit_intake",
    "INSERT INTO audit_intake (id, events) OVERRIDING SYSTEM VALUE VALUES (1, '[]')",
    "UPDATE run SET state = 'succeeded'",
    "UPDATE run SET stdout = 'x'",
    "DELETE FROM run",
    "UPDATE run_event SET data = '{}'",
    "DELETE FROM worker_node",
    "CREATE TABLE mine (x int)",
    "CREATE TEMP TABLE mine (x int)",
    "CREATE TABLE pgboss.mine (x int)",
    "SELECT * FROM _prisma_migrations",
    "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    "SET session_replication_role = replica",
    "SET ROLE openclaw_sealer",
  ];
  it.each(refusedToApp)("web role may not: %s", async (statement) => {
    await expect(app.query(statement)).rejects.toMatchObject({ code: "42501" });
  });

  it.each([
    "SELECT * FROM token",
    "SELECT * FROM auth_attempt",
    "SELECT * FROM console_session",
    "SELECT seq FROM audit_event",
    SEALED,
    "SELECT events FROM audit_intake",
    "UPDATE audit_intake SET events = '[]'",
    "DELETE FROM audit_intake",
    "TRUNCATE audit_intake",
    "INSERT INTO run (id) VALUES ('x')",
    "DELETE FROM run",
    "UPDATE role SET permissions = '{*}'",
  ])("worker role may not: %s", async (statement) => {
    await expect(worker.query(statement)).rejects.toMatchObject({ code: "42501" });
  });

  it.each([
    "SELECT * FROM token",
    BATCH,
    "UPDATE audit_intake SET events = '[]'",
    "UPDATE audit_event SET reason = 'x'",
    "DELETE FROM audit_event",
    "TRUNCATE audit_event",
  ])("sealer role may not: %s", async (statement) => {
    await expect(sealer.query(statement)).rejects.toMatchObject({ code: "42501" });
  });

  it("web role asks for a cancellation and the worker may record events", async () => {
    await insertRun("run_rights");
    await app.query("UPDATE run SET cancel_requested_at = now(), cancel_requested_by = 'ana' WHERE id = 'run_rights'");
    await worker.query(BATCH);
    expect((await worker.query("SELECT id FROM audit_intake")).rowCount).toBe(1);
    await worker.query("UPDATE run SET state = 'running', worker_id = 'w' WHERE id = 'run_rights'");
  });
});

describe("rules", () => {
  it("AUD-4: a sealed row never changes or goes, not even for the owner", async () => {
    await sealer.query(SEALED);
    for (const change of ["UPDATE audit_event SET reason = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event"]) {
      await expect(owner.query(change)).rejects.toMatchObject({ code: "23000" });
    }
    await expect(sealer.query(SEALED)).rejects.toMatchObject({ code: "23505" });
  });

  it("AUD-4: a waiting batch never changes, not even for the owner, and only the sealer takes it out", async () => {
    await app.query(BATCH);
    await expect(owner.query("UPDATE audit_intake SET events = '[]'")).rejects.toMatchObject({ code: "23000" });
    await expect(owner.query("TRUNCATE audit_intake")).rejects.toMatchObject({ code: "23000" });
    await sealer.query("DELETE FROM audit_intake");
    expect((await app.query("SELECT id FROM audit_intake")).rowCount).toBe(0);
  });

  it("AUD-11: a batch larger than the sealer reads is refused where it is written", async () => {
    const insert = (bytes: number) => app.query("INSERT INTO audit_intake (events) VALUES ($1)", ["x".repeat(bytes)]);
    await insert(4 * 1024 * 1024);
    await expect(insert(4 * 1024 * 1024 + 1)).rejects.toMatchObject({ code: "23514" });
  });

  it("SBX: a final state stays, and an unknown one is refused", async () => {
    await insertRun("run_final");
    await expect(worker.query("UPDATE run SET state = 'lost' WHERE id = 'run_final'")).rejects.toMatchObject({
      code: "23514",
    });
    await worker.query("UPDATE run SET state = 'failed' WHERE id = 'run_final'");
    await expect(worker.query("UPDATE run SET state = 'succeeded' WHERE id = 'run_final'")).rejects.toMatchObject({
      code: "23000",
    });
    await worker.query("UPDATE run SET state = 'failed', stdout = 'late output' WHERE id = 'run_final'");
  });
});

describe("announcements", () => {
  it("policy changes name table, row and operation", async () => {
    const payloads = await heard("openclaw_policy", async () => {
      await app.query("INSERT INTO gateway_user (id, role_name) VALUES ('ana', 'user')");
      await app.query("UPDATE role SET commands = '{help}' WHERE name = 'readonly'");
      await app.query("DELETE FROM gateway_user WHERE id = 'ana'");
    });
    expect(payloads.map((payload) => JSON.parse(payload) as unknown)).toEqual([
      { table: "gateway_user", id: "ana", op: "insert" },
      { table: "role", id: "readonly", op: "update" },
      { table: "gateway_user", id: "ana", op: "delete" },
    ]);
  });

  it("a token's last use is not a policy change, its revocation is", async () => {
    await app.query(
      "INSERT INTO token (id, name, owner_id, role_name, secret_hash, pepper_id, last4, family_id) VALUES ('t', 't', 'o', 'admin', 'h', 'p', '1234', 'f')",
    );
    const quiet = await heard("openclaw_policy", () =>
      app.query("UPDATE token SET last_used_at = now(), last_used_address = '::1' WHERE id = 't'"),
    );
    expect(quiet).toEqual([]);
    const loud = await heard("openclaw_policy", () => app.query("UPDATE token SET revoked_at = now() WHERE id = 't'"));
    expect(loud.map((payload) => JSON.parse(payload) as unknown)).toEqual([{ table: "token", id: "t", op: "update" }]);
  });

  it("runs announce being queued, queued again, their events and a cancellation", async () => {
    expect(await heard("openclaw_run_queued", () => insertRun("run_told"))).toEqual(["run_told"]);
    await worker.query("UPDATE run SET state = 'running' WHERE id = 'run_told'");
    expect(
      await heard("openclaw_run_queued", () => worker.query("UPDATE run SET state = 'queued' WHERE id = 'run_told'")),
    ).toEqual(["run_told"]);
    const event = "INSERT INTO run_event (run_id, seq, kind, data) VALUES ('run_told', 1, 'queued', '{}')";
    expect(await heard("openclaw_run", () => app.query(event))).toEqual([
      '{"runId" : "run_told", "seq" : 1, "kind" : "queued"}',
    ]);
    const cancel = "UPDATE run SET cancel_requested_at = now() WHERE id = 'run_told'";
    expect(await heard("openclaw_run_cancel", () => app.query(cancel))).toEqual(["run_told"]);
    expect(await heard("openclaw_run_cancel", () => app.query(cancel))).toEqual([]);
  });

  it("sealed rows are announced once per statement, waiting batches not at all", async () => {
    const twoMore =
      "INSERT INTO audit_event SELECT seq + n, at, event, code, kind, severity, outcome, actor_type, actor_id, token_id, user_id, channel, address, request_id, correlation_id, target, reason, because, data, hash FROM audit_event, generate_series(1, 2) AS n";
    expect(await heard("openclaw_audit", () => sealer.query(twoMore))).toEqual([""]);
    expect(await heard("openclaw_audit", () => app.query(BATCH))).toEqual([]);
  });
});
