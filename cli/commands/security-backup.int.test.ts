/** Backups as an operator makes, tries and restores them. */
import { hash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registerBackups } from "./security-backup.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { unlimitedGrantor } from "#server/access/index.ts";
import { openDatabaseForReading } from "#server/backups/home-database.ts";
import { systemClock } from "#server/core/clock.ts";
import { KEY_PURPOSES, openKeyring } from "#server/core/crypto/keyring/index.ts";
import { createDb } from "#server/core/db/client.ts";
import { openNotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { homePaths, type HomePaths } from "#server/core/paths.ts";
import { tryLock } from "#server/core/process-lock.ts";
import { createToken, loadPepper, openTokenStore } from "#server/tokens/index.ts";

const CANARY = "canary-5b1e77";
const CONFIG = `{ security: { encryption: { database: { iterations: 100000 } } } } // ${CANARY}`;
const USER = { permissions: ["*"], channels: ["*"], commands: ["*"], source: "role" };

let bench: CliBench;
let token: string;
let tokenId: string;
let scratch: string;
let full: string;
let policyOnly: string;

beforeAll(async () => {
  bench = await openCliBench(registerBackups);
  scratch = mkdtempSync(join(tmpdir(), "openclaw-backups-"));
  bench.configure(CONFIG);
  await openKeyring(bench.paths, {}, { iterations: 1_000 });
  writeFileSync(join(bench.paths.keysDir, "session-secret"), `${Buffer.alloc(32, 5).toString("base64")}\n`, {
    mode: 0o600,
  });
  mkdirSync(bench.paths.quarantineDir, { recursive: true });
  writeFileSync(join(bench.paths.quarantineDir, "qua_1.bin"), "sealed");
  ({ token, id: tokenId } = await mint());
  await bench.sql(`
    INSERT INTO gateway_user (id, role_name, channels, time_window_ms) VALUES ('u "1"', 'user', '{"a,b",NULL}', 9007199254740993);
    INSERT INTO channel_policy (channel, allowed_users, allowed_roles, blocked_users, allowed_commands, blocked_commands)
      VALUES ('slack', '{${CANARY}}', '{}', '{}', '{}', '{}');
    INSERT INTO run (id, state, language, code, principal_id, role_name, channel, request_id, limits) VALUES
      ('run_a', 'succeeded', 'python', E'line\\nwith \\\\ and "quotes" and \\u2028', 'p', 'admin', 'api', 'r', 'null'),
      ('run_b', 'queued', 'sh', 'true', 'p', 'admin', 'api', 'r', '{"a": 1.10}');
    INSERT INTO run_event (run_id, seq, kind, data) SELECT 'run_b', n, 'stdout', jsonb_build_object('text', repeat('x', n)) FROM generate_series(1, 3000) n;
    INSERT INTO run_file (id, run_id, direction, path, size_bytes, sha256, content, verdict)
      VALUES ('f', 'run_a', 'output', 'a', 1, '\\x00ff', decode(repeat('00ff', 1000000), 'hex'), 'stored');
    INSERT INTO member (id, email, name, role_name, password_hash) VALUES ('mem_1', 'ada@example.com', 'Ada', 'admin', '$argon2id$');
    INSERT INTO recovery_code (hash, member_id) VALUES ('\\x02', 'mem_1');
    INSERT INTO console_session (id_hash, public_id, member_id, auth_version, method, factor_proven, expires_at)
      VALUES ('\\x01', 'ses_1', 'mem_1', 1, 'totp', true, 'infinity')`);
  full = await backup("--full");
  policyOnly = await backup();
}, 120_000);
afterAll(async () => {
  rmSync(scratch, { recursive: true, force: true });
  await bench.close();
});

async function mint(): Promise<{ token: string; id: string }> {
  return withApp(bench.database.appUrl, async (pool) => {
    const db = createDb(pool);
    const deps = {
      db,
      clock: systemClock,
      pepper: loadPepper(bench.paths),
      settings: { expiration: 3_600_000, maxTokens: 50, tokenLength: 32 },
      policy: { enabled: true, roles: new Map([["user", USER]]), users: new Map(), channels: new Map() },
    };
    const made = await createToken(deps, unlimitedGrantor({ type: "operator", id: "t" }), {
      name: "bot",
      role: "user",
    });
    await db.$disconnect();
    return { token: made.token, id: made.id };
  });
}

async function withApp<T>(
  connectionString: string,
  work: (pool: ReturnType<typeof createPool>) => Promise<T>,
): Promise<T> {
  const pool = createPool({ connectionString, name: "test", max: 3 });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

async function backup(...flags: string[]): Promise<string> {
  const { out, exitCode, err } = await bench.run("backup-config", "--json", ...flags);
  expect(exitCode, err.join("\n")).toBe(0);
  return (JSON.parse(out.join("\n")) as { file: string }).file;
}

/** Every row of every table that a backup holds, as text. */
async function dump(ownerUrl: string): Promise<Record<string, string[]>> {
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  const tables = await client.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('audit_intake', '_prisma_migrations') ORDER BY 1",
  );
  const rows: Record<string, string[]> = {};
  for (const { name } of tables.rows) {
    const found = await client.query<{ text: string }>(`SELECT t::text AS text FROM public.${name} t ORDER BY 1`);
    rows[name] = found.rows.map(({ text }) => text);
  }
  await client.end();
  return rows;
}

/** Every file with its mode and content. */
function filesOf(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : []) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) {
      found[path] = `${(statSync(path).mode & 0o777).toString(8)} ${hash("sha256", readFileSync(path))}`;
    }
  }
  return found;
}

const state = async () => ({ files: filesOf(bench.paths.home), rows: await dump(bench.database.ownerUrl) });

/** As if a gateway ran on the home. */
async function whileRunning<T>(work: () => Promise<T>): Promise<T> {
  const lock = tryLock(join(bench.paths.runDir, "supervisor.lock"));
  try {
    return await work();
  } finally {
    lock?.release();
  }
}

const events = (name: string) =>
  bench
    .sql<{ n: number }>(`SELECT count(*)::int AS n FROM audit_intake WHERE events LIKE '%"${name}"%'`)
    .then((rows) => rows[0]?.n);

test("DATA-5 a backup is one private file, unreadable, and on record", async () => {
  for (const file of [full, policyOnly]) {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const bytes = readFileSync(file);
    expect([CANARY, token, "sealed", "session"].filter((text) => bytes.includes(text))).toEqual([]);
  }
  expect(readdirSync(bench.paths.backupsDir).filter((name) => !name.endsWith(".ocgbackup"))).toEqual([]);
  expect(await events("backup.created")).toBe(2);
});

test("DATA-5 an existing file is not overwritten, and a backup that fails leaves nothing", async () => {
  const file = join(scratch, "own.ocgbackup");
  expect((await bench.run("backup-config", "--out", file)).exitCode).toBe(0);
  const before = readFileSync(file);
  const again = await bench.run("backup-config", "--out", file);
  expect(again).toMatchObject({ exitCode: 1 });
  expect(again.err.at(-1)).toContain("exists already");
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(readdirSync(scratch)).toEqual(["own.ocgbackup"]);
  expect(await events("backup.failed")).toBe(1);
});

describe("DATA-5 verify", () => {
  test("a full backup really comes back, and the list says so", async () => {
    const { out, exitCode } = await bench.run("verify-backup", full);
    expect(out.join("\n")).toMatch(/^Verified/);
    expect(exitCode).toBe(0);
    expect(out.join("\n")).toMatch(/tables with \d{4,} rows came back as they were/);
    expect(out.join("\n")).toContain(`opens the keyring with its ${KEY_PURPOSES.length} keys`);
    const list = JSON.parse((await bench.run("list-backups", "--json")).out.join("\n")) as Record<string, unknown>[];
    expect(list.map(({ kind, encrypted, verification }) => ({ kind, encrypted, verification }))).toEqual([
      { kind: "config", encrypted: true, verification: null },
      { kind: "full", encrypted: true, verification: { at: expect.any(String) as string, ok: true } },
    ]);
    expect(await events("backup.verified")).toBe(1);
    expect(existsSync(join(bench.paths.cacheDir, "verify"))).toBe(true);
    expect(readdirSync(join(bench.paths.cacheDir, "verify"))).toEqual([]);
  });

  test("a changed one is found out, and the outcome stands beside it", async () => {
    const file = join(scratch, "changed.ocgbackup");
    const bytes = readFileSync(policyOnly);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 100) ^ 1, bytes.length - 100);
    writeFileSync(file, bytes);
    const { out, exitCode } = await bench.run("verify-backup", file, "--json");
    expect(exitCode).toBe(1);
    expect(JSON.parse(out.join("\n"))).toMatchObject({ ok: false, notes: [expect.stringContaining("changed or cut")] });
    expect(JSON.parse(readFileSync(`${file}.verified.json`, "utf8"))).toMatchObject({ ok: false });
  });

  test("latest is the newest; a name that does not exist is not found", async () => {
    expect((await bench.run("verify-backup", "none.ocgbackup")).exitCode).toBe(3);
    const { out } = await bench.run("restore-backup", "latest", "--dry-run", "--only", "config");
    expect(out[0]).toBe(policyOnly);
  });
});

describe("DATA-5 restore into an empty home", () => {
  test("the plan alone makes nothing; with a yes rows, keys and files are as they were, and tokens work", async () => {
    const home = homePaths(join(scratch, "new"));
    const plan = await bench.run("restore-backup", full, "--home", home.home);
    expect(plan.exitCode).toBe(2);
    expect(plan.out.join("\n")).toMatch(/keys +keyring\.json +new/);
    expect(existsSync(home.home)).toBe(false);

    const done = await bench.run("restore-backup", full, "--home", home.home, "--yes");
    expect(done.err.filter((line) => !line.startsWith("…"))).toEqual([]);
    expect(done.exitCode).toBe(0);
    const expected = await dump(bench.database.ownerUrl);
    await inHome(home, async (ownerUrl) => {
      const found = await dump(ownerUrl);
      for (const table of ["role", "gateway_user", "channel_policy", "token", "run_file", "audit_event"]) {
        expect(found[table], table).toEqual(expected[table]);
      }
      expect(found["run"]?.find((row) => row.includes("run_a"))).toBe(
        expected["run"]?.find((row) => row.includes("run_a")),
      );
      // What was waiting is ended and not run again; sign-ins do not come back.
      expect(found["run"]?.find((row) => row.includes("run_b"))).toMatch(/cancelled.*not run again/);
      expect(found["run_event"]).toHaveLength(3001);
      expect(found["console_session"]).toEqual([]);
      expect(await checkToken(ownerUrl, home)).toMatchObject({ ok: true });
    });
    expect((await openKeyring(home, {})).list().map(({ id }) => id)).toEqual(
      (await openKeyring(bench.paths, {})).list().map(({ id }) => id),
    );
    expect(readFileSync(home.configFile, "utf8")).toBe(CONFIG);
    expect(readFileSync(join(home.quarantineDir, "qua_1.bin"), "utf8")).toBe("sealed");
    const modes = Object.entries(filesOf(home.keysDir)).map(([, facts]) => facts.split(" ")[0]);
    expect(new Set(modes)).toEqual(new Set(["600"]));

    const again = await bench.run("restore-backup", full, "--home", home.home, "--yes", "--only", "data");
    expect(again).toMatchObject({ exitCode: 1 });
    expect(again.err.at(-1)).toMatch(/holds data already .*never overwritten/);
  }, 180_000);

  test("a backup that turns out unusable leaves no home behind", async () => {
    const home = join(scratch, "never");
    const elsewhere = join(scratch, "wrong-secret");
    writeFileSync(elsewhere, "another master secret, long enough");
    const refused = await bench.run("restore-backup", full, "--home", home, "--yes", "--master-key-file", elsewhere);
    expect(refused.exitCode).toBe(4);
    expect(refused.err.at(-1)).toContain("does not open");
    const cut = join(scratch, "cut.ocgbackup");
    writeFileSync(cut, readFileSync(full).subarray(0, -1));
    expect((await bench.run("restore-backup", cut, "--home", home, "--yes")).exitCode).toBe(4);
    expect(existsSync(home)).toBe(false);
  });

  test("with a copy of the master secret alone", async () => {
    const copy = join(scratch, "master-copy");
    cpSync(join(bench.paths.keysDir, "master-secret"), copy);
    const elsewhere = await openCliBench(registerBackups);
    try {
      const home = join(scratch, "elsewhere");
      const done = await elsewhere.run(
        "restore-backup",
        policyOnly,
        "--home",
        home,
        "--yes",
        "--only",
        "keys,config",
        "--master-key-file",
        copy,
      );
      expect(done.exitCode).toBe(0);
      await openKeyring(homePaths(home), {});
    } finally {
      await elsewhere.close();
    }
  });
});

async function inHome(home: HomePaths, work: (ownerUrl: string) => Promise<void>): Promise<void> {
  const database = await openDatabaseForReading(home, {});
  try {
    await work(database.ownerUrl);
  } finally {
    await database.close();
  }
}

async function checkToken(url: string, home: HomePaths, text = token): Promise<unknown> {
  return withApp(url, async (pool) => {
    const log = createLogger("test", "silent");
    const notify = await openNotifyHub(url, "test", log);
    const store = await openTokenStore({ pool, notify, pepper: loadPepper(home), clock: systemClock, log });
    const answer = store.check(text, "127.0.0.1");
    await store.close();
    await notify.close();
    return answer.ok ? { ok: true } : answer;
  });
}

describe("DATA-5 restore into a home whose gateway runs", () => {
  test("the plan changes nothing, neither does a refusal", async () => {
    await whileRunning(async () => {
      const before = await state();
      const plan = await bench.run("restore-backup", policyOnly, "--dry-run");
      expect(plan.exitCode).toBe(0);
      expect(plan.out.join("\n")).toMatch(/policy +token +same/);
      expect((await bench.run("restore-backup", policyOnly)).exitCode).toBe(2);
      const refused = await bench.run("restore-backup", full, "--yes");
      expect(refused.exitCode).toBe(1);
      expect(refused.err.at(-1)).toMatch(/holds data already/);
      expect((await bench.run("restore-backup", policyOnly, "--yes", "--only", "data")).exitCode).toBe(2);
      expect(await state()).toEqual(before);
    });
  });

  test("keys that differ are refused while it runs, and replaced when it is stopped", async () => {
    const file = join(bench.paths.keysDir, "session-secret");
    const original = readFileSync(file);
    writeFileSync(file, `${Buffer.alloc(32, 6).toString("base64")}\n`);
    await whileRunning(async () => {
      const before = await state();
      const refused = await bench.run("restore-backup", policyOnly, "--yes");
      expect(refused.exitCode).toBe(1);
      expect(refused.err.at(-1)).toMatch(/session-secret.*Stop the gateway/);
      expect(await state()).toEqual(before);
    });
    expect((await bench.run("restore-backup", policyOnly, "--yes", "--only", "keys")).exitCode).toBe(0);
    expect(readFileSync(file).equals(original)).toBe(true);
    expect(
      readdirSync(bench.paths.keysDir).filter((name) => name.startsWith("session-secret.before-restore-")),
    ).toHaveLength(1);
  });

  test("policy and configuration are replaced at once, those who run are told, and what was revoked stays so", async () => {
    const later = await mint();
    const revoked = await mint();
    const withRevoked = await backup();
    await bench.sql(`
      UPDATE token SET revoked_at = now(), revoked_reason = 'leaked' WHERE id = '${revoked.id}';
      DELETE FROM token WHERE id = '${later.id}';
      DELETE FROM gateway_user; UPDATE role SET permissions = '{}' WHERE name = 'admin'; INSERT INTO role (name) VALUES ('intruder')`);
    const made = await mint();
    bench.configure("{}");
    const heard: string[] = [];
    const hub = await openNotifyHub(bench.database.appUrl, "test", createLogger("test", "silent"));
    await hub.listen("openclaw_policy", (payload) => void heard.push(payload));
    await whileRunning(async () => {
      const { exitCode } = await bench.run("restore-backup", withRevoked, "--yes", "--only", "config,policy");
      expect(exitCode).toBe(0);
    });
    await expect.poll(() => heard.some((payload) => payload.includes("intruder"))).toBe(true);
    await hub.close();
    const rows = await dump(bench.database.ownerUrl);
    expect(rows["role"]?.some((row) => row.includes("intruder"))).toBe(false);
    expect(rows["role"]?.find((row) => row.includes("admin"))).toContain("{*}");
    expect(rows["gateway_user"]).toHaveLength(1);
    const check = (text: string) => checkToken(bench.database.appUrl, bench.paths, text);
    expect(await check(token)).toEqual({ ok: true });
    expect(await check(later.token)).toEqual({ ok: true });
    expect(await check(revoked.token)).toMatchObject({ reason: "revoked" });
    expect(await check(made.token)).toMatchObject({ reason: "revoked" });
    expect(readFileSync(bench.paths.configFile, "utf8")).toBe(CONFIG);
    expect(readdirSync(bench.paths.configDir).filter((name) => name.includes(".before-restore-"))).toHaveLength(1);
    expect(await events("backup.restored")).toBe(1);
    expect(tokenId).toHaveLength(12);
  });

  test("a restore that fails in the middle leaves everything as it was", async () => {
    await bench.sql("ALTER TABLE channel_policy ADD CONSTRAINT refuse CHECK (channel <> 'slack') NOT VALID");
    await whileRunning(async () => {
      bench.configure("{ logging: { level: 'warn' } }");
      const before = await state();
      await expect(bench.run("restore-backup", policyOnly, "--yes", "--only", "config,policy")).rejects.toThrow(
        /refuse/,
      );
      expect(await state()).toEqual(before);
    });
    await bench.sql("ALTER TABLE channel_policy DROP CONSTRAINT refuse");
    bench.configure(CONFIG);
  });
});

test("DATA-5 without encryption the keys are left out, and it cannot be changed", async () => {
  bench.configure(
    "{ security: { storage: { backupEncryption: false }, encryption: { database: { iterations: 100000 } } } }",
  );
  const { out, err, exitCode } = await bench.run("backup-config", "--full", "--json");
  expect(exitCode).toBe(0);
  expect(err.join(" ")).toMatch(/keys are left out/);
  const { file } = JSON.parse(out.join("\n")) as { file: string };
  const home = join(scratch, "plain");
  const refused = await bench.run("restore-backup", file, "--home", home, "--yes");
  expect(refused.err.at(-1)).toMatch(/cannot be used without its keys/);
  expect((await bench.run("restore-backup", file, "--home", home, "--only", "keys", "--yes")).exitCode).toBe(2);
  expect(existsSync(home)).toBe(false);
  expect((await bench.run("verify-backup", file)).exitCode).toBe(0);
});
