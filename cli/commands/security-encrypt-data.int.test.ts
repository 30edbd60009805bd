import { afterAll, beforeAll, expect, test } from "vitest";
import { registerEncryptData } from "./security-encrypt-data.ts";
import { openSecrets, sealSecrets } from "#server/channels/connection-rows.ts";
import { keyIdOf } from "#server/core/crypto/aead.ts";
import { createPool } from "#server/core/db/pool.ts";
import { SEALED_COLUMNS } from "#server/reseal/index.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { foundIn, tableFiles } from "../../tests/support/dump.ts";
import { openTestKeyring, rotateDataKey } from "../../tests/support/keyring.ts";

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
    columns: SEALED_COLUMNS.map(({ table, column }) => {
      const hasOne = table === "run" && ["code", "stdout"].includes(column);
      return { column: `${table}.${column}`, seen: hasOne ? 1 : 0, sealed: hasOne ? 1 : 0, unreadable: 0 };
    }),
    skipped: [],
    rewritten: false,
  });
  expect(await recorded("data.encryption_started")).toHaveLength(1);
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

test("DATA-6 a secret under a replaced key is sealed with the new one, and goes on working; a changed one stays, on record", async () => {
  const keyring = await openTestKeyring(bench.paths.keysDir);
  const store = async (channel: string, sealed: Uint8Array) =>
    owner.query("INSERT INTO channel_connection (channel, type, settings, secrets) VALUES ($1, 'telegram', '{}', $2)", [
      channel,
      sealed,
    ]);
  const stored = async (channel: string): Promise<Buffer> => {
    const sql = `SELECT secrets FROM channel_connection WHERE channel = '${channel}'`;
    const [row] = await bench.sql<{ secrets: Buffer }>(sql);
    return row?.secrets ?? Buffer.alloc(0);
  };
  await store("good", sealSecrets(keyring, "good", { botToken: CANARY }));
  await store("moved", sealSecrets(keyring, "another", { botToken: CANARY }));
  const added = await rotateDataKey(bench.paths, "config");
  const { exitCode, out } = await bench.run("encrypt-data", "--json");
  expect(exitCode).toBe(4);
  expect(JSON.parse(out.join("\n"))).toMatchObject({
    columns: expect.arrayContaining([
      { column: "channel_connection.secrets", seen: 2, sealed: 1, unreadable: 1 },
    ]) as unknown,
  });
  const rotated = await openTestKeyring(bench.paths.keysDir);
  expect(keyIdOf(await stored("good"))).toBe(added);
  const row = { channel: "good", type: "telegram", settings: {}, secrets: await stored("good") };
  expect(openSecrets(rotated, row)).toEqual({ botToken: CANARY });
  expect(keyIdOf(await stored("moved"))).toBe(keyring.current("config").id);
  expect(await recorded("data.unreadable")).toContainEqual({
    target: "moved",
    data: { column: "channel_connection.secrets" },
  });
});

test("names what the configuration leaves as it is, and what to set", async () => {
  bench.configure("{ security: { encryption: { database: { enabled: false } } } }");
  await bench.sql("DELETE FROM channel_connection");
  const { exitCode, err } = await bench.run("encrypt-data");
  expect([exitCode, err.at(-1)]).toEqual([
    0,
    expect.stringMatching(/security\.encryption\.database\.enabled is false: run\.code, /),
  ]);
});
