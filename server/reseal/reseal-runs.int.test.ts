/** The pass that encrypts what is stored otherwise, beside a database that holds rows of every age. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { RUN_COLUMNS } from "#server/reseal/run-columns.ts";
import { resealDatabase, rewriteTables, type ColumnProgress } from "#server/reseal/index.ts";
import { getRun, listRunEvents, readRunFile } from "#server/sandbox/index.ts";
import { rotateDataKey } from "../../tests/support/keyring.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { dumpDatabase, foundIn } from "../../tests/support/dump.ts";
import { ENCRYPTION, openTestRunSeal } from "../../tests/support/run-seal.ts";

let keysDir: string;
let database: TestDatabase;
let pool: Pool;
let db: Db;
let seal: Awaited<ReturnType<typeof openTestRunSeal>>;

beforeEach(async () => {
  keysDir = mkdtempSync(join(tmpdir(), "openclaw-reseal-"));
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.ownerUrl, name: "test", max: 2 });
  db = createDb(pool);
  seal = await openTestRunSeal(keysDir);
});
afterEach(async () => {
  await db.$disconnect();
  await pool.end();
  await database.drop();
  rmSync(keysDir, { recursive: true, force: true });
});

const CANARY = "canary-before-encryption";
const QUIETLY: { onProgress: (progress: ColumnProgress) => void } = { onProgress: () => undefined };

/** `runs` runs with two outputs and a file each, all of it as it is without encryption. */
async function plainRows(runs: number, events: number): Promise<void> {
  await pool.query(
    `INSERT INTO run (id, state, language, code, stdout, stderr, principal_id, role_name, channel, request_id)
     SELECT 'run_' || n, 'succeeded', 'sh', $2, $2 || n, '', 'p', 'admin', 'api', 'r' FROM generate_series(1, $1::int) AS n`,
    [runs, CANARY],
  );
  await pool.query(
    `INSERT INTO run_event (run_id, seq, kind, data)
     SELECT 'run_' || n, m, CASE m WHEN 1 THEN 'queued' ELSE 'stdout' END,
       CASE m WHEN 1 THEN '{}' ELSE jsonb_build_object('text', $3 || m) END
     FROM generate_series(1, $1::int) AS n, generate_series(1, $2::int) AS m`,
    [runs, events, CANARY],
  );
  await pool.query(
    `INSERT INTO run_file (id, run_id, direction, path, size_bytes, verdict, content)
     SELECT 'fil_' || n, 'run_' || n, 'output', 'a', 1, 'stored', convert_to($2, 'UTF8') FROM generate_series(1, $1::int) AS n`,
    [runs, CANARY],
  );
}

const reseal = (encryption: (typeof ENCRYPTION)[keyof typeof ENCRYPTION], more = QUIETLY, isRehearsal = false) => {
  seal.configure(encryption);
  const { keyring, runSeal } = seal;
  return resealDatabase({ pool, keyring, runSeal, encryption, unreadable: () => undefined, ...more }, { isRehearsal });
};
const counts = ({ columns }: { columns: ColumnProgress[] }) =>
  Object.fromEntries(
    columns
      .filter(({ column }) => RUN_COLUMNS.some((one) => `${one.table}.${one.column}` === column))
      .map(({ column, seen, sealed, unreadable }): [string, number[]] => [column, [seen, sealed, unreadable]]),
  );

test("DATA-1 counts, then encrypts old rows of every page and column, once", async () => {
  await plainRows(3, 1_100);
  await pool.query("UPDATE run SET history = $1 WHERE id = 'run_1'", [CANARY]);
  await pool.query(
    `INSERT INTO conversation_turn (id, channel, conversation_id, user_id, agent, role, text, run_id)
     VALUES ('trn_1', 'api', 'p', '', 'default', 'user', $1, 'run_1'), ('trn_2', 'api', 'p', '', 'default', 'assistant', $1, 'run_1')`,
    [CANARY],
  );
  const all = {
    "run.code": [3, 3, 0],
    "run.stdout": [3, 3, 0],
    "run.stderr": [0, 0, 0],
    "run.history": [1, 1, 0],
    "conversation_turn.text": [2, 2, 0],
    "run_event.data": [3 * 1_099, 3 * 1_099, 0],
    "run_file.content": [3, 3, 0],
  };
  expect(counts(await reseal(ENCRYPTION.default, QUIETLY, true))).toEqual(all);
  expect(foundIn(await dumpDatabase(pool), [CANARY])).toEqual([CANARY]);
  expect(counts(await reseal(ENCRYPTION.default))).toEqual(all);
  expect(Object.values(counts(await reseal(ENCRYPTION.default))).map(([, sealed]) => sealed)).toEqual([
    0, 0, 0, 0, 0, 0, 0,
  ]);

  await rewriteTables(pool, { patienceMs: 20_000, onWait: () => undefined });
  expect(foundIn(await dumpDatabase(pool), [CANARY])).toEqual([]);
  const reading = { db, runSeal: seal.runSeal };
  expect(await getRun(reading, "run_2")).toMatchObject({ stdout: `${CANARY}2`, stderr: "" });
  expect((await listRunEvents(reading, "run_3")).slice(0, 2)).toMatchObject([
    { kind: "queued", data: {} },
    { kind: "stdout", data: { text: `${CANARY}2` } },
  ]);
  expect((await readRunFile(reading, "run_1", "fil_1")).content.toString()).toBe(CANARY);
});

test("a pass that ends in the middle is taken up by the next one", async () => {
  await plainRows(2, 1_100);
  const broken = {
    onProgress({ column }: ColumnProgress) {
      if (column === "run_event.data") {
        throw new Error("stopped");
      }
    },
  };
  await expect(reseal(ENCRYPTION.default, broken)).rejects.toThrow("stopped");
  expect(counts(await reseal(ENCRYPTION.default))).toMatchObject({
    "run.code": [2, 0, 0],
    "run_event.data": [2_198, 2_198 - 1_000, 0],
    "run_file.content": [2, 2, 0],
  });
});

test("DATA-6 DATA-3 rows under a replaced key, and under the key of another setting, are brought to the one in force", async () => {
  await plainRows(2, 3);
  await reseal(ENCRYPTION.default);
  const added = await rotateDataKey({ keysDir }, "database");
  await expect.poll(() => seal.keyring.current("database").id).toBe(added);
  const all = { "run.code": [2, 2, 0], "run.stdout": [2, 2, 0], "run_event.data": [4, 4, 0] };
  expect(counts(await reseal(ENCRYPTION.default))).toMatchObject({ ...all, "run_file.content": [2, 2, 0] });
  expect(counts(await reseal(ENCRYPTION["messages with CBC"]))).toMatchObject({
    ...all,
    "run_file.content": [2, 0, 0],
  });
  // Files are no messages: without encryption of the database they are left as they are.
  expect(Object.keys(counts(await reseal(ENCRYPTION["messages only"])))).not.toContain("run_file.content");
  expect(await getRun({ db, runSeal: seal.runSeal }, "run_1")).toMatchObject({ stdout: `${CANARY}1` });
});

test("what cannot be opened stays as it is, is recorded, and holds up nothing", async () => {
  await plainRows(3, 2);
  await pool.query("UPDATE run SET stdout = '$ocg1$AAAA' WHERE id = 'run_2'");
  await pool.query(`UPDATE run_event SET data = '{"sealed": "?"}' WHERE run_id = 'run_2' AND seq = 2`);
  expect(counts(await reseal(ENCRYPTION.default))).toMatchObject({
    "run.code": [3, 3, 0],
    "run.stdout": [3, 2, 1],
    "run_event.data": [3, 2, 1],
  });
  expect(seal.unreadable.map(({ target, data }) => [target, data?.["column"]])).toEqual([
    ["run_2", "run.stdout"],
    ["run_2", "run_event.data"],
  ]);
  const { rows } = await pool.query("SELECT stdout FROM run WHERE id = 'run_2'");
  expect(rows).toEqual([{ stdout: "$ocg1$AAAA" }]);
});

test("names the columns that the configuration stores as they are, and leaves them alone", async () => {
  await plainRows(1, 2);
  const { columns, skipped } = await reseal(ENCRYPTION.off);
  expect(counts({ columns })).toEqual({});
  expect(skipped).toEqual(expect.arrayContaining(["run.code", "run_file.content", "console_session.address"]));
  expect(columns.map(({ column }) => column)).toContain("channel_connection.secrets");
  expect(foundIn(await dumpDatabase(pool), [CANARY])).toEqual([CANARY]);
});
