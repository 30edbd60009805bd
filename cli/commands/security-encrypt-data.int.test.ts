import { afterAll, beforeAll, expect, test } from "vitest";
import { registerEncryptData } from "./security-encrypt-data.ts";
import { createPool } from "#server/core/db/pool.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { foundIn, tableFiles } from "../../tests/support/dump.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";

const CANARY = "canary-of-the-command";
let bench: CliBench;
let owner: ReturnType<typeof createPool>;

beforeAll(async () => {
  bench = await openCliBench(registerEncryptData);
  await openTestKeyring(bench.paths.keysDir);
  owner = createPool({ connectionString: bench.database.ownerUrl, name: "test", max: 1 });
  await owner.query(
    `INSERT INTO run (id, state, language, code, stdout, principal_id, role_name, channel, request_id)
     VALUES ('run_a', 'succeeded', 'sh', '${CANARY}', 'out', 'p', 'admin', 'api', 'r')`,
  );
});
afterAll(async () => {
  await owner.end();
  await bench.close();
});

const onDisk = async () => foundIn(await tableFiles(owner, ["run", "run_event", "run_file"]), [CANARY]);
const recorded = (event: string) =>
  bench.sql(`SELECT target, data FROM ${RECORDED} AS record WHERE event = '${event}'`);

test("DATA-1 counts without a change, then encrypts, on record; --rewrite takes the old text off the disk", async () => {
  const rehearsal = await bench.run("encrypt-data", "--dry-run");
  expect([rehearsal.exitCode, rehearsal.out[0]]).toEqual([
    0,
    expect.stringMatching(/^COLUMN +VALUES +TO ENCRYPT +UNREADABLE$/),
  ]);
  expect(rehearsal.out[1]).toMatch(/^run\.code +1 +1 +-$/);
  expect(await bench.sql("SELECT code FROM run")).toEqual([{ code: CANARY }]);
  expect(await recorded("data.encrypted")).toEqual([]);

  const done = await bench.run("encrypt-data", "--json");
  expect(JSON.parse(done.out.join("\n"))).toMatchObject({
    columns: [
      { column: "run.code", seen: 1, sealed: 1, unreadable: 0 },
      { column: "run.stdout", sealed: 1 },
      { column: "run.stderr" },
      { column: "run.history" },
      { column: "conversation_turn.text" },
      { column: "run_event.data" },
      { column: "run_file.content" },
    ],
    rewritten: false,
  });
  expect(await recorded("data.encrypted")).toEqual([{ target: null, data: { values: 2, unreadable: 0 } }]);
  expect(await onDisk()).toEqual([CANARY]);
  expect((await bench.run("encrypt-data", "--rewrite")).exitCode).toBe(0);
  expect(await onDisk()).toEqual([]);
});

test("a value that cannot be opened is counted, on record, and the exit code says so", async () => {
  await bench.sql("UPDATE run SET stdout = '$ocg1$AAAA'");
  const { exitCode, err } = await bench.run("encrypt-data");
  expect([exitCode, err.at(-1)]).toEqual([4, expect.stringContaining("from a backup")]);
  expect(await recorded("data.unreadable")).toMatchObject([{ target: "run_a", data: { column: "run.stdout" } }]);
});

test("says what to set when the configuration encrypts nothing", async () => {
  bench.configure("{ security: { encryption: { database: { enabled: false } } } }");
  const { exitCode, err } = await bench.run("encrypt-data");
  expect([exitCode, err.at(-1)]).toEqual([6, expect.stringContaining("security.encryption.database.enabled")]);
});
