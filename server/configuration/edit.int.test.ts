import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { RECORDED } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { loadConfig, type ConfigStore } from "#server/config/index.ts";
import {
  applyEdit,
  checkEdit,
  readDocument,
  readHistory,
  rollBack,
  viewVersion,
  type ConfigEditorServices,
} from "#server/configuration/edit.ts";
import { configurationServices } from "#server/configuration/services.ts";
import { effectiveSettings } from "#server/configuration/settings.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";

const SECRET = "Zk3vQm8sT1xW7pLr9nBd2FhJ";
const TEXT = `{
  // the port of this machine
  gateway: { port: 18789, token: "${SECRET}" },
}
`;
const ANA = { type: "member", id: "mem_ana" } as const;
let database: TestDatabase;
let db: Db;
let pool: ReturnType<typeof createPool>;
let keyring: Keyring;
let paths: HomePaths;
let services: ConfigEditorServices;
let time = Date.parse("2026-03-01T12:00:00Z");

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 2 });
  db = createDb(pool);
  keyring = await openTestKeyring();
});
afterAll(async () => {
  await db.$disconnect();
  await pool.end();
  await database.drop();
});
beforeEach(() => {
  paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-configuration-")));
  ensureHome(paths);
  writeFileSync(paths.configFile, TEXT, { mode: 0o600 });
  const clock = { now: () => (time += 1_000) };
  const configuration = configurationServices({
    paths,
    keyring,
    clock,
    log: { error: (facts: unknown) => expect(facts).toBeUndefined() } as never,
    atStart: loadConfig(paths.configFile).config,
  });
  let lastGood = loadConfig(paths.configFile);
  const config: Pick<ConfigStore, "current" | "status"> = {
    current: () => {
      try {
        lastGood = loadConfig(paths.configFile);
      } catch {
        // As the store does.
      }
      return lastGood;
    },
    status: () => ({ file: paths.configFile, loadedAt: new Date(time), hash: "", error: undefined }),
  };
  services = { configuration, config, keyring, db, clock };
  configuration.keep(loadConfig(paths.configFile).hash);
});
afterEach(() => rmSync(paths.home, { recursive: true, force: true }));

const onDisk = () => readFileSync(paths.configFile, "utf8");

async function recorded(event: string): Promise<{ reason: string; actor_id: string; data: Record<string, unknown> }[]> {
  const client = new Client({ connectionString: database.ownerUrl });
  await client.connect();
  try {
    const sql = `SELECT reason, actor_id, data FROM ${RECORDED} AS record WHERE event = $1 ORDER BY n`;
    return (await client.query<{ reason: string; actor_id: string; data: Record<string, unknown> }>(sql, [event])).rows;
  } finally {
    await client.end();
  }
}

test("the document shows the file without its secrets, and where each key stands", () => {
  const document = readDocument(services);
  expect(document).toMatchObject({ source: "file", file: paths.configFile, restartPending: [] });
  expect(document.text).toBe(TEXT.replace(SECRET, "********"));
  expect(document.places).toContainEqual({ path: "gateway.port", line: 3 });
});

test("a check says what is wrong at its line, what changes, and what needs a restart; nothing is written", () => {
  const { text, base } = readDocument(services);
  const bad = checkEdit(services, { base, text: text.replace("18789", '"many"') });
  expect(bad.problems).toMatchObject([{ severity: "error", path: "gateway.port", line: 3 }]);
  const good = checkEdit(services, { base, text: text.replace("18789", "8080") });
  expect(good.changes).toEqual([
    { path: "gateway.port", kind: "changed", before: "18789", after: "8080", restart: true },
  ]);
  expect(good.diff).toMatchObject({ added: 1, removed: 1 });
  expect(JSON.stringify(good)).not.toContain(SECRET);
  expect(onDisk()).toBe(TEXT);
});

test("an applied edit keeps the secret behind its mask, is private, on record by name, and a version", async () => {
  const { text, base } = readDocument(services);
  const outcome = await applyEdit(services, ANA, { base, text: text.replace("18789", "8080") });
  expect(outcome).toEqual({ paths: ["gateway.port"], restart: ["gateway.port"] });
  expect(onDisk()).toBe(TEXT.replace("18789", "8080"));
  expect(statSync(paths.configFile).mode & 0o777).toBe(0o600);
  const record = (await recorded("config.applied")).at(-1);
  expect(record).toMatchObject({ reason: "console", actor_id: "mem_ana", data: { paths: ["gateway.port"] } });
  expect(JSON.stringify(record)).not.toContain(SECRET);
  expect(readHistory(services).versions).toMatchObject([
    { source: "console", by: "mem_ana", current: true, paths: ["gateway.port"] },
    { source: "file", current: false },
  ]);
  expect(readDocument(services).restartPending).toEqual(["gateway.port"]);
});

test("a secret that changes is told by name alone", async () => {
  const { text, base } = readDocument(services);
  const edited = { base, text: text.replace("********", "another-secret-value-0123456789") };
  const check = checkEdit(services, edited);
  expect(check.changes).toMatchObject([{ path: "gateway.token", before: '"********"', after: '"********"' }]);
  expect(check.diff.added).toBe(1);
  expect(JSON.stringify(check)).not.toMatch(/another-secret|Zk3vQm8/);
  await applyEdit(services, ANA, edited);
  expect(onDisk()).toContain("another-secret-value-0123456789");
});

test("a stale edit is refused, and so is one with an error", async () => {
  const { text, base } = readDocument(services);
  await expect(applyEdit(services, ANA, { base, text: text.replace("18789", "0.5") })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
  });
  writeFileSync(paths.configFile, TEXT.replace("18789", "9999"));
  await expect(applyEdit(services, ANA, { base, text })).rejects.toMatchObject({ code: "CONFLICT" });
  expect(onDisk()).toContain("9999");
});

test("attack: safety rules hold in the console as they do at the start", async () => {
  const { text, base } = readDocument(services);
  const edited = { base, text: text.replace("port: 18789", 'bind: "0.0.0.0", port: 18789') };
  await expect(applyEdit(services, ANA, edited)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  expect(onDisk()).toBe(TEXT);
});

test("attack: no text makes the editor write another file", async () => {
  const { base } = readDocument(services);
  const text = `{ $include: "/etc/passwd", security: { storage: { configPath: "${tmpdir()}" } } }`;
  await expect(applyEdit(services, ANA, { base, text })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  expect(onDisk()).toBe(TEXT);
});

test("a link stays one: what it leads to is replaced", async () => {
  const real = join(paths.home, "elsewhere.json5");
  writeFileSync(real, TEXT, { mode: 0o600 });
  rmSync(paths.configFile);
  symlinkSync(real, paths.configFile);
  const { text, base } = readDocument(services);
  await applyEdit(services, ANA, { base, text: text.replace("18789", "8081") });
  expect(readFileSync(real, "utf8")).toContain("8081");
});

test("an older version is shown masked, compared, and brought back with its secret", async () => {
  const { text, base } = readDocument(services);
  await applyEdit(services, ANA, {
    base,
    text: text.replace("18789", "8080").replace("********", "new-secret-012345678901234"),
  });
  const [, first] = readHistory(services).versions;
  const view = viewVersion(services, first?.id ?? "");
  expect(view.check.changes.map(({ path }) => path)).toEqual(["gateway.port", "gateway.token"]);
  expect(JSON.stringify(view)).not.toContain(SECRET);
  await rollBack(services, ANA, { version: first?.id ?? "", base: view.base });
  expect(onDisk()).toBe(TEXT);
  expect((await recorded("config.applied")).at(-1)).toMatchObject({ reason: "rollback" });
  await expect(rollBack(services, ANA, { version: first?.id ?? "", base: view.base })).rejects.toMatchObject({
    code: "CONFLICT",
  });
});

test("attack: a version's name leads nowhere but into the history", () => {
  expect(() => viewVersion(services, "../../keys/master-secret")).toThrow(/no version/);
});

test("DATA-2 versions are sealed on the disk, private, and bounded in number", async () => {
  for (let port = 1; port <= 55; port += 1) {
    services.configuration.versions.add({
      text: TEXT.replace("18789", String(port)),
      by: ANA,
      source: "console",
      now: new Date(services.clock.now()),
    });
  }
  const folder = join(paths.configDir, "history");
  const files = readdirSync(folder);
  expect(files).toHaveLength(50);
  for (const file of files) {
    expect(readFileSync(join(folder, file), "utf8")).not.toContain(SECRET);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  }
});

test("a version that was changed on the disk is counted, never shown", () => {
  const folder = join(paths.configDir, "history");
  const [name = ""] = readdirSync(folder);
  writeFileSync(join(folder, name), "$ocg1$AAAA");
  expect(readHistory(services)).toEqual({ versions: [], unreadable: 1 });
});

test("a file that is no JSON5 is never shown: the last version in force is edited in its place", async () => {
  writeFileSync(paths.configFile, TEXT.replace("port: 18789,", "port: 18789"));
  const document = readDocument(services);
  expect(document).toMatchObject({ source: "in_force", text: TEXT.replace(SECRET, "********") });
  expect(document.problems[0]).toMatchObject({ severity: "error", line: 3 });
  await applyEdit(services, ANA, { base: document.base, text: document.text.replace("18789", "8082") });
  expect(onDisk()).toBe(TEXT.replace("18789", "8082"));
});

test("without a file the editor begins empty and makes it", async () => {
  rmSync(paths.configFile);
  const { base, text, source } = readDocument(services);
  expect([base, text, source]).toEqual([null, "", "none"]);
  await applyEdit(services, ANA, { base, text: "{ gateway: { port: 1234 } }\n" });
  expect(existsSync(paths.configFile)).toBe(true);
});

test("a new secret in a file whose others are encrypted is encrypted as well", async () => {
  const { planEncryption } = await import("#server/config/index.ts");
  const plan = planEncryption(paths.configFile);
  plan.write(plan.convert(keyring));
  const { text, base } = readDocument(services);
  expect(text).toContain("enc:v1:");
  const edited = {
    base,
    text: text.replace(/\n}\n$/, '\n  security: { apiKeys: { openai: "plain-key-0123456789" } },\n}\n'),
  };
  expect(checkEdit(services, edited).encrypted).toEqual(["security.apiKeys.openai"]);
  await applyEdit(services, ANA, edited);
  expect(onDisk()).not.toContain("plain-key-0123456789");
});

test("settings in force name their line or the default, and never a secret", () => {
  const { settings } = effectiveSettings(paths.configFile, loadConfig(paths.configFile));
  const of = (path: string) => settings.find((setting) => setting.path === path);
  expect(of("gateway.port")).toMatchObject({ value: "18789", line: 3, restart: true });
  expect(of("gateway.bind")).toMatchObject({ value: '"127.0.0.1"', line: null });
  expect(of("gateway.token")).toMatchObject({ value: '"********"', line: 3 });
  expect(of("security.apiKeys.openai")).toMatchObject({ value: null, line: null });
  expect(JSON.stringify(settings)).not.toContain(SECRET);
});
