/** Old text is gone from the disk once the tables are written anew, whoever else is at work: on a real database, with transactions held open. */
import { Client, type Pool } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPool } from "#server/core/db/pool.ts";
import { rewriteTables } from "#server/reseal/index.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { foundIn, tableFiles } from "../../tests/support/dump.ts";

const CANARY = "canary-before-encryption";

let database: TestDatabase;
let elsewhere: TestDatabase;
let pool: Pool;
let other: Client;

beforeEach(async () => {
  [database, elsewhere] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  pool = createPool({ connectionString: database.ownerUrl, name: "test", max: 1 });
  await pool.query(
    `INSERT INTO run (id, state, language, code, principal_id, role_name, channel, request_id)
     VALUES ('run_a', 'succeeded', 'sh', $1, 'p', 'admin', 'api', 'r')`,
    [CANARY],
  );
});
afterEach(async () => {
  await other.end();
  await pool.end();
  await Promise.all([database.drop(), elsewhere.drop()]);
});

const connect = async (url: string, begin: string): Promise<string> => {
  other = new Client({ connectionString: url });
  other.on("error", () => undefined);
  await other.connect();
  await other.query(begin);
  const { rows } = await other.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return `the connection with pid ${rows[0]?.pid}`;
};
const change = () => pool.query("UPDATE run SET code = 'sealed'");
const onDisk = async () => foundIn(await tableFiles(pool, ["run"]), [CANARY]);

test.each<[string, () => string, string]>([
  ["reads here", () => database.ownerUrl, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1"],
  ["writes in another database", () => elsewhere.ownerUrl, "BEGIN; SELECT pg_current_xact_id()"],
])("waits for a transaction that %s and began before", async (_, url, begin) => {
  const who = await connect(url(), begin);
  await change();
  const told: string[] = [];
  const { promise: waiting, resolve } = Promise.withResolvers<void>();
  const onWait = (name: string): void => {
    told.push(name);
    resolve();
  };
  const rewritten = rewriteTables(pool, { patienceMs: 30_000, onWait });
  await waiting;
  await other.query("COMMIT");
  await rewritten;
  // Beside it whatever other tests are doing in the same PostgreSQL.
  expect(told).toEqual([expect.stringContaining(who)]);
  expect(await onDisk()).toEqual([]);
});

test("a transaction that does not end is named, and the tables are left as they are", async () => {
  const who = await connect(database.ownerUrl, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
  await change();
  await expect(rewriteTables(pool, { patienceMs: 0, onWait: () => undefined })).rejects.toMatchObject({
    code: "BUSY",
    message: expect.stringMatching(new RegExp(`^The tables were not written anew.*${who}\\b`)) as string,
  });
  expect(await onDisk()).toEqual([CANARY]);
});
