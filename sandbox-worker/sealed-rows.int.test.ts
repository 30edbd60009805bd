/** What a thief or a forger of the database finds of runs: everything is stored and read as the gateway and the worker do it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import type { PgBoss } from "pg-boss";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "#server/core/clock.ts";
import { keyIdOf } from "#server/core/crypto/aead.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import {
  getRun,
  getTranscript,
  listRunEvents,
  listRunFiles,
  listRuns,
  openRunQueue,
  readInputs,
  readRunFile,
  runFileRows,
  storeRunFiles,
  submitRun,
  type SubmitDeps,
} from "#server/sandbox/index.ts";
import type { RunRequestInput } from "#server/sandbox/schema.ts";
import { rotateDataKey } from "../tests/support/keyring.ts";
import { createTestDatabase, type TestDatabase } from "../tests/support/database.ts";
import { dumpDatabase, foundIn } from "../tests/support/dump.ts";
import { ENCRYPTION, openTestRunSeal } from "../tests/support/run-seal.ts";
import { RunJournal } from "#worker/run-journal.ts";

const log = createLogger("test", "silent");
let database: TestDatabase;
let home: HomePaths;
let pools: Record<"app" | "worker" | "owner", Pool>;
let dbs: Record<"app" | "worker", Db>;
let boss: PgBoss;
let seal: Awaited<ReturnType<typeof openTestRunSeal>>;
let deps: SubmitDeps;

beforeAll(async () => {
  database = await createTestDatabase();
  home = homePaths(mkdtempSync(join(tmpdir(), "openclaw-sealed-")));
  ensureHome(home);
  const pool = (url: string) => createPool({ connectionString: url, name: "test", max: 2 });
  pools = { app: pool(database.appUrl), worker: pool(database.workerUrl), owner: pool(database.ownerUrl) };
  dbs = { app: createDb(pools.app), worker: createDb(pools.worker) };
  boss = await openRunQueue({ connectionString: database.appUrl, name: "test", log });
  seal = await openTestRunSeal(home.keysDir);
  deps = { db: dbs.app, boss, runSeal: seal.runSeal, clock: systemClock };
});
afterEach(() => {
  seal.configure(ENCRYPTION.default);
  seal.unreadable.length = 0;
});
afterAll(async () => {
  await boss.stop({ graceful: false });
  await Promise.all(Object.values(dbs).map((db) => db.$disconnect()));
  await Promise.all(Object.values(pools).map((pool) => pool.end()));
  await database.drop();
  rmSync(home.home, { recursive: true, force: true });
});

/** All that can be written into a run. */
interface Words {
  program: string;
  stdout: string;
  stderr: string;
  message: string;
  toolInput: string;
  toolOutput: string;
  host: string;
  input: string;
  output: string;
}
const wordsOf = (mark: string): Words => ({
  program: `${mark}-program`,
  stdout: `${mark}-stdout`,
  stderr: `${mark}-stderr`,
  message: `${mark}-message`,
  toolInput: `${mark}-tool-input`,
  toolOutput: `${mark}-tool-output`,
  host: `${mark}-host`,
  input: `${mark}-input-file`,
  output: `${mark}-output-file`,
});

const request = (code: string, more: Partial<RunRequestInput> = {}): RunRequestInput => ({
  language: "agent",
  code,
  principalId: "token:a",
  roleName: "admin",
  channel: "api",
  requestId: "req_1",
  ...more,
});

const fileOf = (path: string, content: string) => ({
  path,
  bytes: Buffer.byteLength(content),
  content: Buffer.from(content),
  verdict: "stored" as const,
  reason: null,
});

/** A run from its beginning to its end, without a container: the gateway's writes, then the worker's. */
async function runOf(words: Words, more: Partial<RunRequestInput> = {}): Promise<string> {
  const { runId } = await submitRun(deps, request(words.program, more), [], [fileOf("in.txt", words.input)]);
  await pools.worker.query("UPDATE run SET state = 'running', worker_id = 'wrk_1', attempt = 1 WHERE id = $1", [runId]);
  const journal = new RunJournal(
    { db: dbs.worker, pool: pools.worker, runSeal: seal.runSeal, log },
    { runId, workerId: "wrk_1", attempt: 1, nextSeq: 3 },
  );
  journal.output("stdout", words.stdout);
  journal.output("stderr", words.stderr);
  journal.tell({ kind: "message", data: { role: "assistant", text: words.message } });
  journal.tell({ kind: "tool_call", data: { id: "1", tool: "shell", input: words.toolInput } });
  // By now a part is stored as the program goes on, the rest with its end.
  await expect.poll(() => dbs.app.runEvent.count({ where: { runId } })).toBe(6);
  journal.tell({ kind: "tool_result", data: { id: "1", ok: true, output: words.toolOutput } });
  journal.tell({ kind: "egress", data: { host: words.host, allowed: false } });
  const rows = runFileRows(seal.runSeal, runId, "output", [fileOf("out.txt", words.output)]);
  const stored = await journal.finish(
    {
      ending: { state: "succeeded", reason: "exit", message: null },
      exitCode: 0,
      usage: null,
      limits: null,
      imageDigest: null,
      containerId: null,
      outputTruncated: false,
      outputs: { events: [], store: (tx) => storeRunFiles(tx, rows) },
    },
    [],
    new AbortController().signal,
  );
  expect(stored).toBe(true);
  return runId;
}

/** All of it as callers read it. */
async function readBack(runId: string): Promise<Words> {
  const run = await getRun(deps, runId);
  const events = await listRunEvents(deps, runId);
  const dataOf = (kind: string) => events.filter((event) => event.kind === kind).map(({ data }) => data);
  const { question, answer, entries } = await getTranscript(deps, runId);
  const told = entries.flatMap((entry) => (entry.kind === "tool" ? [[entry.input, entry.output]] : []));
  const files = await listRunFiles(dbs.app, runId);
  const output = files.find(({ direction }) => direction === "output");
  expect([answer, dataOf("stdout"), dataOf("stderr")]).toEqual([
    run.stdout,
    [{ text: run.stdout }],
    [{ text: run.stderr }],
  ]);
  return {
    program: question ?? "",
    stdout: run.stdout,
    stderr: run.stderr,
    message: entries.flatMap((entry) => (entry.kind === "message" ? [entry.text] : [])).join(),
    toolInput: told[0]?.[0] ?? "",
    toolOutput: told[0]?.[1] ?? "",
    host: entries.flatMap((entry) => (entry.kind === "egress" ? [entry.host] : [])).join(),
    input: (await readInputs({ ...deps, db: dbs.worker }, runId))[0]?.content.toString() ?? "",
    output: (await readRunFile(deps, runId, output?.id ?? "")).content.toString(),
  };
}

const CANNOT_DECRYPT = { code: "CANNOT_DECRYPT" };
const sql = (text: string, values: unknown[] = []) => pools.owner.query<Record<string, unknown>>(text, values);

describe("DATA-1 DATA-3 a dump of the database", () => {
  test.each(Object.entries(ENCRYPTION))("with encryption %s", async (name, encryption) => {
    seal.configure(encryption);
    const words = wordsOf(`canary-${name.replaceAll(" ", "-")}`);
    const runId = await runOf(words);
    const found = foundIn(await dumpDatabase(pools.owner), Object.values(words));
    const expected = { off: Object.values(words), "messages only": [words.input, words.output] };
    expect(found).toEqual(expected[name as keyof typeof expected] ?? []);
    expect(await readBack(runId)).toEqual(words);
  });

  test("every setting leaves what was stored under the others readable", async () => {
    const runs = new Map<string, Words>();
    for (const [name, encryption] of Object.entries(ENCRYPTION)) {
      seal.configure(encryption);
      const words = wordsOf(name);
      runs.set(await runOf(words), words);
    }
    for (const encryption of Object.values(ENCRYPTION)) {
      seal.configure(encryption);
      for (const [runId, words] of runs) {
        expect(await readBack(runId)).toEqual(words);
      }
    }
  });

  test("DATA-3 messages have the cipher and the key that were asked for", async () => {
    for (const [name, first, purpose] of [
      ["default", 1, "database"],
      ["messages with CBC", 2, "messages"],
      ["messages with GCM", 1, "messages"],
    ] as const) {
      seal.configure(ENCRYPTION[name]);
      const { rows } = await sql("SELECT code FROM run WHERE id = $1", [await runOf(wordsOf("cipher"))]);
      const sealed = Buffer.from(String(rows[0]?.["code"]).slice("$ocg1$".length), "base64");
      expect([sealed[0], keyIdOf(sealed)]).toEqual([first, seal.keyring.current(purpose).id]);
    }
  });
});

test("DATA-1 rows from before encryption are read as they are", async () => {
  await sql(
    `INSERT INTO run (id, state, language, code, stdout, principal_id, role_name, channel, request_id)
     VALUES ('run_before', 'succeeded', 'agent', 'old question', 'old answer', 'p', 'admin', 'api', 'r')`,
  );
  await sql("INSERT INTO run_event (run_id, seq, kind, data) VALUES ('run_before', 1, 'stdout', $1)", [
    { text: "old answer" },
  ]);
  await sql(
    `INSERT INTO run_file (id, run_id, direction, path, size_bytes, verdict, content)
     VALUES ('fil_before', 'run_before', 'input', 'a', 3, 'stored', 'old')`,
  );
  expect(await getTranscript(deps, "run_before")).toMatchObject({ question: "old question", answer: "old answer" });
  expect(await listRunEvents(deps, "run_before")).toMatchObject([{ data: { text: "old answer" } }]);
  expect((await readRunFile(deps, "run_before", "fil_before")).content.toString()).toBe("old");
});

test.each(["default", "off"] as const)(
  "DATA-1 text that looks like a stored value of ours comes back as it was, with encryption %s",
  async (name) => {
    seal.configure(ENCRYPTION[name]);
    const { rows } = await sql("SELECT code FROM run WHERE code LIKE '$ocg1$%' LIMIT 1");
    const looks = ["$ocg1$", "$ocg0$", "$ocg0$$ocg1$", "$ocg1$AAAA", String(rows[0]?.["code"])];
    for (const look of looks) {
      const words = Object.fromEntries(Object.keys(wordsOf("")).map((key) => [key, look])) as unknown as Words;
      expect(await readBack(await runOf(words))).toEqual(words);
      const event = JSON.stringify({ sealed: look });
      expect(await readBack(await runOf({ ...words, stdout: event, message: event }))).toMatchObject({
        message: event,
      });
    }
    expect(seal.unreadable).toEqual([]);
  },
);

test("DATA-1 an event cannot be given the form of a sealed value, also without encryption", async () => {
  seal.configure(ENCRYPTION.off);
  const { rows } = await sql("SELECT data ->> 'sealed' AS sealed FROM run_event WHERE data ? 'sealed' LIMIT 1");
  const smuggled = { role: "note" as const, text: "hi", ...rows[0] };
  expect(seal.runSeal.sealEvent("run_x", 1, "message", smuggled)).toEqual({ role: "note", text: "hi" });
  expect(() => seal.runSeal.openEvent({ runId: "run_x", seq: 1, data: { sealed: "text" } })).toThrow(
    /not a sealed value/,
  );
});

describe("DATA-1 what somebody changed in the database", () => {
  /** Two runs, `change` in the database, and what reading them gives. */
  async function afterChange(
    change: (one: string, other: string) => Promise<unknown>,
    read: (runId: string) => unknown,
  ) {
    const [one, other, third] = [
      await runOf(wordsOf("one")),
      await runOf(wordsOf("other")),
      await runOf(wordsOf("third")),
    ];
    await change(one, other);
    const outcomes = await Promise.allSettled([one, other].map(async (runId) => read(runId)));
    expect(await readBack(third)).toEqual(wordsOf("third"));
    expect((await listRuns(dbs.app, { limit: 3 })).runs.map(({ id }) => id).sort()).toEqual([one, other, third].sort());
    return { one, other, outcomes };
  }
  const refused = { status: "rejected", reason: CANNOT_DECRYPT };
  const read = { status: "fulfilled" };

  test.each(["code", "stdout", "stderr"])(
    "swapped between rows: run.%s is refused and recorded once",
    async (column) => {
      const { one, other, outcomes } = await afterChange(
        (one, other) =>
          sql(
            `UPDATE run SET ${column} = from_other.${column} FROM run AS from_other
           WHERE run.id IN ($1, $2) AND from_other.id IN ($1, $2) AND run.id <> from_other.id`,
            [one, other],
          ),
        (runId) => getTranscript(deps, runId),
      );
      expect(outcomes).toMatchObject([refused, refused]);
      await expect(getTranscript(deps, one)).rejects.toMatchObject({
        ...CANNOT_DECRYPT,
        message: expect.stringContaining(`run|${column}|${one}`) as string,
      });
      expect(seal.unreadable).toHaveLength(2);
      expect(seal.unreadable).toEqual(
        expect.arrayContaining(
          [one, other].map((target): unknown =>
            expect.objectContaining({
              event: "data.unreadable",
              target,
              data: { column: `run.${column}`, place: `run|${column}|${target}` },
            }),
          ),
        ),
      );
    },
  );

  test("moved to another column of its row", async () => {
    const { outcomes } = await afterChange(
      (one) => sql("UPDATE run SET stderr = stdout WHERE id = $1", [one]),
      (runId) => getRun(deps, runId),
    );
    expect(outcomes).toMatchObject([refused, read]);
  });

  test("an event in the place of another, of its run and of another run", async () => {
    const { one, outcomes } = await afterChange(
      async (one, other) => {
        const copy = `UPDATE run_event AS event SET data = source.data FROM run_event AS source
                      WHERE event.run_id = $1 AND event.seq = 3 AND source.run_id = $2 AND source.seq = $3`;
        await sql(copy, [one, one, 4]);
        await sql(copy, [other, one, 3]);
      },
      (runId) => listRunEvents(deps, runId),
    );
    expect(outcomes).toMatchObject([refused, refused]);
    // The run itself is read from its own row.
    expect(await getRun(deps, one)).toMatchObject({ stdout: "one-stdout" });
  });

  test("a file in the place of another", async () => {
    const { outcomes } = await afterChange(
      (one, other) =>
        sql(
          `UPDATE run_file SET content = source.content FROM run_file AS source
           WHERE run_file.run_id = $1 AND source.run_id = $2 AND run_file.direction = source.direction`,
          [one, other],
        ),
      (runId) => readInputs(deps, runId),
    );
    expect(outcomes).toMatchObject([refused, read]);
    expect(seal.unreadable).toMatchObject([{ data: { column: "run_file.content" } }]);
  });

  test("a flipped bit anywhere in a value, an end that is cut off, a key that is not in the keyring", async () => {
    const runId = await runOf(wordsOf("flip"));
    const { rows } = await sql("SELECT stdout FROM run WHERE id = $1", [runId]);
    const sealed = Buffer.from(String(rows[0]?.["stdout"]).slice(6), "base64");
    const changed = Array.from(sealed, (byte, index) => {
      const copy = Buffer.from(sealed);
      copy[index] = byte ^ 1;
      return copy;
    });
    for (const bytes of [...changed, sealed.subarray(0, -1), sealed.subarray(0, 7), Buffer.alloc(0)]) {
      await sql("UPDATE run SET stdout = $2 WHERE id = $1", [runId, `$ocg1$${bytes.toString("base64")}`]);
      await expect(getRun(deps, runId)).rejects.toMatchObject(CANNOT_DECRYPT);
    }
    expect(seal.unreadable).toHaveLength(1);
    await sql("UPDATE run SET stdout = $2 WHERE id = $1", [runId, rows[0]?.["stdout"]]);
    expect(await readBack(runId)).toEqual(wordsOf("flip"));
  });
});

test("DATA-6 a new data key is used by a process that runs, and what the old one sealed stays readable", async () => {
  const before = await runOf(wordsOf("before"));
  const old = seal.keyring.current("database").id;
  const added = await rotateDataKey(home, "database");
  await expect.poll(() => seal.keyring.current("database").id).toBe(added);
  const after = await runOf(wordsOf("after"));
  const keysOf = async (runId: string): Promise<unknown[]> => {
    const { rows } = await sql(
      "SELECT code AS value FROM run WHERE id = $1 UNION ALL SELECT data ->> 'sealed' FROM run_event WHERE run_id = $1 AND data ? 'sealed'",
      [runId],
    );
    return [...new Set(rows.map(({ value }) => keyIdOf(Buffer.from(String(value).slice(6), "base64"))))];
  };
  expect([await keysOf(before), await keysOf(after)]).toEqual([[old], [added]]);
  expect([await readBack(before), await readBack(after)]).toEqual([wordsOf("before"), wordsOf("after")]);
  // A process that starts now opens both as well.
  const { runSeal } = await openTestRunSeal(home.keysDir);
  expect(await getRun({ db: dbs.app, runSeal }, before)).toMatchObject({ stdout: "before-stdout" });
});

test("DATA-1 the same request is the same run, whatever sealed it first", async () => {
  const send = (code: string, input: string) =>
    submitRun(deps, request(code, { idempotencyKey: "again" }), [], [fileOf("in.txt", input)]);
  const first = await send("program", "file");
  for (const encryption of Object.values(ENCRYPTION)) {
    seal.configure(encryption);
    expect(await send("program", "file")).toEqual({ runId: first.runId, deduplicated: true });
    await expect(send("another", "file")).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(send("program", "another")).rejects.toMatchObject({ code: "CONFLICT" });
  }
  await sql("UPDATE run SET code = $2 WHERE id = $1", [first.runId, "$ocg1$AAAA"]);
  await expect(send("program", "file")).rejects.toMatchObject(CANNOT_DECRYPT);
});
