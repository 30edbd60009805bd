import { fork } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import { checkFile } from "#server/files/check-file.ts";
import { fileRules } from "#server/files/policy.ts";
import { boxFile, openBox, storeBox } from "#server/files/quarantine-box.ts";
import { deleteQuarantined } from "#server/files/quarantine-delete.ts";
import type { QuarantineDeps } from "#server/files/quarantine-file.ts";
import { findQuarantined, listQuarantine, showQuarantined } from "#server/files/quarantine-list.ts";
import { recoverQuarantine } from "#server/files/quarantine-recover.ts";
import { restoreQuarantined, type RestoreOptions } from "#server/files/quarantine-restore.ts";

const SECRET = `ghp_${"a1".repeat(18)}`;
const ORIGIN = { actor: { type: "operator", id: "cli" }, userId: "ana", channel: "api" } as const;
const MONITORING = { logFileAccess: true, alertOnSuspicious: true, quarantineSuspicious: true };

let database: TestDatabase;
let owner: Client;
let db: Db;
let pool: ReturnType<typeof createPool>;
let top: string;
let root: string;
let paths: HomePaths;
let deps: QuarantineDeps & { rules: ReturnType<typeof fileRules>; monitoring: typeof MONITORING };

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test", max: 2 });
  db = createDb(pool);
  owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  top = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-quarantine-")));
});
afterAll(async () => {
  await db.$disconnect();
  await pool.end();
  await owner.end();
  rmSync(top, { recursive: true, force: true });
  await database.drop();
});
beforeEach(async () => {
  await owner.query("TRUNCATE quarantined_file");
  await owner.query("DELETE FROM audit_intake");
  const folder = mkdtempSync(join(top, "t-"));
  root = join(folder, "root");
  mkdirSync(join(root, "out"), { recursive: true });
  paths = homePaths(join(folder, "home"));
  ensureHome(paths);
  const rules = fileRules(
    {
      allowedPaths: [root],
      deniedPaths: [],
      restrictions: { maxFileSize: 1_000_000, maxPathLength: 255, allowedExtensions: [], deniedExtensions: [".exe"] },
      monitoring: MONITORING,
    },
    { userHome: "/nonexistent", openclawHome: paths.home },
  );
  deps = { db, clock: systemClock, paths, rules, monitoring: MONITORING };
});

async function events(): Promise<string[]> {
  const { rows } = await owner.query<{ event: string }>(
    "SELECT entry->>'event' AS event FROM audit_intake, jsonb_array_elements(events::jsonb) AS entry ORDER BY id",
  );
  return rows.map(({ event }) => event);
}

/** A file with a secret in it, in quarantine. */
async function takeIn(name = "notes.txt"): Promise<string> {
  const path = join(root, name);
  writeFileSync(path, `token ${SECRET}\n`);
  const { quarantined } = await checkFile(deps, ORIGIN, path, { quarantine: true });
  return quarantined?.id ?? "";
}
const restore = (id: string, options: Partial<RestoreOptions> = {}) =>
  restoreQuarantined(deps, ORIGIN, id, { to: join(root, "out"), ...options });

describe("FS-5 quarantine", () => {
  test("FS-4 a suspicious file is moved: gone where it was, encrypted where it is, with its row and its events", async () => {
    const id = await takeIn();
    expect(existsSync(join(root, "notes.txt"))).toBe(false);
    const box = readFileSync(boxFile(paths, id));
    expect(box.includes(SECRET)).toBe(false);
    expect(statSync(boxFile(paths, id)).mode & 0o777).toBe(0o600);
    expect(statSync(join(paths.keysDir, "quarantine-key")).mode & 0o777).toBe(0o600);
    expect(await showQuarantined(db, id)).toMatchObject({
      ...{ state: "stored", name: "notes.txt", path: join(root, "notes.txt"), sizeBytes: 47 },
      ...{ userId: "ana", channel: "api", findings: [{ code: "secret", severity: "critical" }] },
    });
    expect(await events()).toEqual(["file.accessed", "file.suspicious", "file.quarantined"]);
    const { rows } = await owner.query<{ text: string }>("SELECT events::text AS text FROM audit_intake");
    expect(JSON.stringify(rows)).not.toContain(SECRET);
  });

  test("it is left where it is unless that is asked for and configured, and told all the same", async () => {
    const path = join(root, "notes.txt");
    writeFileSync(path, SECRET);
    expect(await checkFile(deps, ORIGIN, path, { quarantine: false })).toMatchObject({ quarantined: null });
    deps.monitoring = { ...MONITORING, quarantineSuspicious: false };
    expect(await checkFile(deps, ORIGIN, path, { quarantine: true })).toMatchObject({ quarantined: null });
    expect(existsSync(path)).toBe(true);
    expect((await events()).filter((event) => event === "file.suspicious")).toHaveLength(2);
  });

  test("each copy has its own nonce", async () => {
    const [one, two] = [await takeIn(), await takeIn()];
    const nonce = (id: string): string => readFileSync(boxFile(paths, id)).toString("hex", 12, 24);
    expect(nonce(one)).not.toBe(nonce(two));
  });

  test("restored by force only, through the policy, never over another file, and again as long as it is not deleted", async () => {
    const id = await takeIn();
    await expect(restore(id)).rejects.toThrow("--force");
    await expect(restore(id, { force: true, to: "/etc" })).rejects.toThrow("is in no folder of");
    await expect(restore(id, { force: true, as: "notes.exe" })).rejects.toThrow("deniedExtensions denies");
    await expect(restore(id, { force: true, as: "../notes.txt" })).rejects.toThrow("must not hold a slash");
    await expect(restore(id, { force: true, as: ".." })).rejects.toThrow();
    expect(readdirSync(join(root, "out"))).toEqual([]);

    const path = await restore(id, { force: true });
    expect(readFileSync(path, "utf8")).toBe(`token ${SECRET}\n`);
    await expect(restore(id, { force: true })).rejects.toThrow("is there already");
    expect(await restore(id, { force: true, as: "again.txt" })).toBe(join(root, "out", "again.txt"));
    expect(await findQuarantined(db, id)).toMatchObject({ state: "restored", endedBy: "cli" });
    const told = await events();
    expect(told.filter((event) => event === "file.restored")).toHaveLength(2);
    expect(told.filter((event) => event === "file.refused").length).toBeGreaterThanOrEqual(4);
  });

  test("deleted for good, once, and the row stays", async () => {
    const id = await takeIn();
    expect(await deleteQuarantined(deps, ORIGIN, id)).toBe(true);
    expect(readdirSync(paths.quarantineDir)).toEqual([]);
    expect(await deleteQuarantined(deps, ORIGIN, id)).toBe(false);
    await expect(restore(id, { force: true })).rejects.toThrow('is "deleted"');
    expect(await listQuarantine(db)).toEqual([]);
    expect(await listQuarantine(db, { all: true })).toMatchObject([{ id, state: "deleted" }]);
    expect((await events()).filter((event) => event === "file.deleted")).toHaveLength(1);
    await expect(deleteQuarantined(deps, ORIGIN, "qua_none")).rejects.toThrow("openclaw quarantine list");
  });

  test("a changed, cut, exchanged or missing copy, a changed row and another key are refused by name", async () => {
    const [id, other] = [await takeIn("one.txt"), await takeIn("two.txt")];
    const file = boxFile(paths, id);
    const box = readFileSync(file);
    for (let at = 12; at < box.length; at += 1) {
      const changed = Buffer.from(box);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(file, changed);
      await expect(restore(id, { force: true })).rejects.toThrow("was changed");
    }
    for (const [content, why] of [
      [box.subarray(0, 30), "is cut"],
      [box.subarray(0, -1), "was changed"],
      [Buffer.alloc(0), "is cut"],
      [readFileSync(boxFile(paths, other)), "was changed"],
    ] as const) {
      writeFileSync(file, content);
      await expect(restore(id, { force: true })).rejects.toThrow(why);
    }
    writeFileSync(file, box);
    await owner.query("UPDATE quarantined_file SET name = 'other.txt' WHERE id = $1", [id]);
    await expect(restore(id, { force: true })).rejects.toThrow("was changed");
    writeFileSync(join(paths.keysDir, "quarantine-key"), `${Buffer.alloc(32, 7).toString("base64")}\n`);
    await expect(restore(id, { force: true })).rejects.toThrow("another key");
    rmSync(file);
    await expect(restore(id, { force: true })).rejects.toThrow("is gone");
    expect(readdirSync(join(root, "out"))).toEqual([]);
  });

  test("neither process may remove a row or change what is known of a file", async () => {
    const id = await takeIn();
    for (const url of [database.appUrl, database.workerUrl]) {
      const client = new Client({ connectionString: url });
      await client.connect();
      try {
        await expect(client.query("DELETE FROM quarantined_file")).rejects.toThrow("permission denied");
        await expect(client.query("UPDATE quarantined_file SET name = 'x'")).rejects.toThrow("permission denied");
        await expect(client.query("UPDATE quarantined_file SET state = 'x'")).rejects.toThrow("quarantined_file_state");
      } finally {
        await client.end();
      }
    }
    expect(await findQuarantined(db, id)).toMatchObject({ state: "stored" });
  });
});

describe("FS-5 crash safety", () => {
  const later = (): QuarantineDeps => ({ ...deps, clock: { now: () => Date.now() + 61_000 } });

  test("a copy that never got there leaves the original", async () => {
    const id = await takeIn();
    await owner.query("UPDATE quarantined_file SET state = 'storing' WHERE id = $1", [id]);
    writeFileSync(join(root, "notes.txt"), "something new");
    const copy = readFileSync(boxFile(paths, id));
    rmSync(boxFile(paths, id));
    await recoverQuarantine(deps, ORIGIN);
    expect(await findQuarantined(db, id)).toMatchObject({ state: "storing" });
    await recoverQuarantine(later(), ORIGIN);
    expect(await findQuarantined(db, id)).toMatchObject({ state: "failed" });
    expect(await events()).toContain("file.quarantine_failed");

    // Another machine may have said so: the one with the copy knows better, and takes away no other file.
    writeFileSync(boxFile(paths, id), copy);
    await recoverQuarantine(later(), ORIGIN);
    expect(await showQuarantined(db, id)).toMatchObject({ state: "stored", endedAt: null });
    expect(readFileSync(join(root, "notes.txt"), "utf8")).toBe("something new");
  });

  test("content whose row says that it is deleted is removed", async () => {
    const id = await takeIn();
    const row = await findQuarantined(db, id);
    await deleteQuarantined(deps, ORIGIN, id);
    storeBox(paths, row, Buffer.from("left over"));
    await recoverQuarantine(deps, ORIGIN);
    expect(readdirSync(paths.quarantineDir)).toEqual([]);
  });

  test("kill -9 at any moment loses nothing, and each file ends in one place", async () => {
    for (const after of [0, 1, 3, 7]) {
      const folder = mkdtempSync(join(root, "kill-"));
      for (let index = 0; index < 12; index += 1) {
        writeFileSync(join(folder, `${String(index).padStart(2, "0")}.txt`), `content ${index}`);
      }
      const child = fork(new URL("./test/quarantine-child.ts", import.meta.url), [database.appUrl, paths.home, folder]);
      let done = -1;
      await new Promise<void>((resolve) => {
        child.on("message", () => {
          done += 1;
          if (done === after) {
            resolve();
          }
        });
      });
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;

      await recoverQuarantine(later(), ORIGIN);
      const rows = await db.quarantinedFile.findMany({ where: { path: { startsWith: folder } } });
      expect(rows.filter(({ state }) => state === "storing")).toEqual([]);
      const stored = rows.filter(({ state }) => state === "stored");
      expect(stored.length).toBeGreaterThanOrEqual(after);
      const inQuarantine = stored.map((row) => `${row.name} ${openBox(paths, row).toString()}`);
      const inFolder = readdirSync(folder).map((name) => `${name} ${readFileSync(join(folder, name), "utf8")}`);
      expect([...inQuarantine, ...inFolder].sort()).toEqual(
        Array.from({ length: 12 }, (_, index) => `${String(index).padStart(2, "0")}.txt content ${index}`),
      );
    }
  });
});
