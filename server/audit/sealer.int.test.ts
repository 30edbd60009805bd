import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Client, type Pool } from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { countWaiting } from "#server/audit/intake.ts";
import { mirrorLine } from "#server/audit/mirror.ts";
import { readHeadSeq, readSealed } from "#server/audit/sealed-rows.ts";
import type { AuditData } from "#server/audit/schema.ts";
import type { Sealer } from "#server/audit/sealer.ts";
import { verifyRecord } from "#server/audit/proof/verify-record.ts";
import { createAuditWriter, type AuditWriter } from "#server/audit/writer.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { homePaths, ensureHome } from "#server/core/paths.ts";
import { messageEvent } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { readLines } from "../../tests/support/record-bench.ts";
import { openTestSealer } from "../../tests/support/sealer.ts";

const log = createLogger("test", "silent");
let database: TestDatabase;
let app: Pool;
let reader: Pool;
let owner: Client;
let writer: AuditWriter;
let home: string;
let mirrorFile: string;
let keysDir: string;

beforeEach(async () => {
  database = await createTestDatabase();
  app = createPool({ connectionString: database.appUrl, name: "test" });
  reader = createPool({ connectionString: database.sealerUrl, name: "test" });
  owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  writer = createAuditWriter({ pool: app, log });
  home = mkdtempSync(join(tmpdir(), "openclaw-sealer-"));
  const paths = homePaths(home);
  ensureHome(paths);
  keysDir = paths.keysDir;
  mirrorFile = join(paths.logsDir, "audit.log");
});

afterEach(async () => {
  await writer.close();
  await Promise.all([app.end(), reader.end(), owner.end()]);
  await database.drop();
  rmSync(home, { recursive: true, force: true });
});

async function append(from: number, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => writer.append([messageEvent(from + index)])));
}

const open = (): Promise<Sealer> => openTestSealer({ connectionString: database.sealerUrl, keysDir, mirrorFile });

/** Seals what is there and ends. */
async function sealAll(): Promise<void> {
  const sealer = await open();
  await sealer.close();
}

const verdict = () => verifyRecord({ db: reader, keysDir, mirrorFile, keyring: null });
const waiting = (): Promise<number> => countWaiting(reader);

async function databaseLines(): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of readSealed(reader)) {
    lines.push(...batch.map(mirrorLine));
  }
  return lines;
}

const mirrorLines = (): string[] => readFileSync(mirrorFile, "utf8").split("\n").slice(0, -1);

/** As somebody who owns the database would: past the triggers. */
async function tamper(sql: string): Promise<void> {
  await owner.query(
    `BEGIN; ALTER TABLE audit_event DISABLE TRIGGER USER; ${sql}; ALTER TABLE audit_event ENABLE TRIGGER USER; COMMIT`,
  );
}

describe("the sealer", () => {
  test("AUD-4 seals rows in order, wakes by itself, and keeps the file equal to the database", async () => {
    await append(0, 300);
    const sealer = await open();
    await expect.poll(waiting, { timeout: 20_000 }).toBe(0);
    await append(300, 50);
    await expect.poll(waiting, { timeout: 3_000 }).toBe(0);
    await sealer.close();
    expect(await verdict()).toMatchObject({ sound: true, head: { seq: 350 } });
    expect(mirrorLines()).toEqual(await databaseLines());
    expect((statSync(mirrorFile).mode & 0o777).toString(8)).toBe("640");
    const modes = readdirSync(keysDir).map((file) => [file, (statSync(join(keysDir, file)).mode & 0o777).toString(8)]);
    expect(Object.fromEntries(modes)).toEqual({
      "audit-public-key.txt": "644",
      "audit-sealer.json": "600",
      "audit-signing.json": "600",
      "audit-verify.json": "600",
    });
  });

  test("AUD-4 what comes without a pause is sealed in few steps", async () => {
    const sealer = await open();
    const began = performance.now();
    let events = 0;
    for (; performance.now() - began < 1_500; events += 1) {
      await writer.append([messageEvent(events)]);
    }
    const looks = Math.ceil((performance.now() - began) / 125);
    await sealer.close();
    // Each step is one transaction; the last two are those that the end of the test asks for.
    const { rows } = await owner.query<{ steps: number }>(
      "SELECT count(DISTINCT xmin::text)::int AS steps FROM audit_event",
    );
    expect(events).toBeGreaterThan(3 * looks);
    expect(rows[0]?.steps).toBeLessThanOrEqual(looks + 2);
    expect(await verdict()).toMatchObject({ sound: true, head: { seq: events } });
  });

  test("AUD-4 a sealed row stays as it is, even for the owner of the database", async () => {
    await append(0, 5);
    await sealAll();
    const changes = [
      "UPDATE audit_event SET outcome = 'denied' WHERE seq = 3",
      "DELETE FROM audit_event WHERE seq = 3",
    ];
    for (const change of changes) {
      await expect(owner.query(change)).rejects.toMatchObject({ code: "23000" });
      await expect(reader.query(change)).rejects.toMatchObject({ code: "42501" });
    }
    expect(await verdict()).toMatchObject({ sound: true });
  });

  test("AUD-4 of two sealers one works; the other takes over when it ends", async () => {
    const [first, second] = await Promise.all([open(), open()]);
    await append(0, 500);
    await expect.poll(waiting, { timeout: 20_000 }).toBe(0);
    await first.close();
    await append(500, 500);
    await expect.poll(waiting, { timeout: 20_000 }).toBe(0);
    await second.close();
    expect(await verdict()).toMatchObject({ sound: true, head: { seq: 1000 } });
    expect(mirrorLines()).toEqual(await databaseLines());
  });

  test("AUD-4 lost connections interrupt nothing for good", async () => {
    const sealer = await open();
    for (let round = 0; round < 5; round += 1) {
      await append(round * 200, 200);
      await owner.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'openclaw-sealer' AND datname = current_database()",
      );
    }
    await expect.poll(waiting, { timeout: 20_000 }).toBe(0);
    await sealer.close();
    expect(await verdict()).toMatchObject({ sound: true, head: { seq: 1000 } });
    expect(mirrorLines()).toEqual(await databaseLines());
  });
});

describe("batches that a taken-over web process plants by hand", () => {
  const plant = (text: string) => app.query("INSERT INTO audit_intake (events) VALUES ($1)", [text]);
  const entry = (members: object) =>
    JSON.stringify({ event: "message.received", outcome: "ok", actorType: "user", actorId: "mallory", ...members });
  const sealedRows = async () => (await reader.query("SELECT * FROM audit_event ORDER BY seq")).rows as object[];

  async function expectSound(rows: number): Promise<void> {
    expect(await waiting()).toBe(0);
    expect(await verdict()).toMatchObject({ sound: true, head: { seq: rows } });
    expect(mirrorLines()).toEqual(await databaseLines());
  }

  test("AUD-4 what is no batch becomes an alarm with its size and hash, and what lies behind it is sealed", async () => {
    const MiB = 1024 * 1024;
    const texts = [
      "",
      "no JSON",
      "null",
      "{}",
      "[]",
      "[1]",
      "[null]",
      "[[]]",
      `[${entry({})},{}]`,
      `[${entry({ actorId: 7 })}]`,
      "[".repeat(4 * MiB),
      "[".repeat(2 * MiB) + "]".repeat(2 * MiB),
      `[${"{},".repeat(MiB)}{}]`,
      `[${Array.from({ length: 20_000 }, () => entry({})).join(",")}]`,
    ];
    for (const text of texts) {
      await plant(text);
    }
    await append(0, 5);
    await sealAll();
    expect((await sealedRows()).slice(0, texts.length)).toMatchObject(
      texts.map((text) => ({
        event: "audit.batch_unreadable",
        kind: "suspicious_activity",
        severity: "critical",
        data: { bytes: Buffer.byteLength(text), sha256: createHash("sha256").update(text).digest("hex") },
      })),
    );
    await expectSound(texts.length + 5);
  });

  test("AUD-4 AUD-10 a claimed meaning, time, number or nest counts for nothing", async () => {
    const started = Date.now();
    for (const at of ['"infinity"', "1e400", "-1", "1.5", "253402300800000", "null", '"2026-01-01"']) {
      await plant(`[${entry({}).slice(0, -1)},"at":${at}}]`);
    }
    await plant(
      `[${entry({ code: "X", kind: "errors", severity: "info", seq: 1, hash: "00", event: "access.denied" })}]`,
    );
    await plant(`[${entry({ event: "constructor", data: { a: 1.5 } })}]`);
    await plant(`[${entry({ event: "message.\u001b[2J" })}]`);
    await plant(`[${entry({ data: "x\u0000y", target: "\u202e".repeat(2_000), userId: { a: 1 } })}]`);
    await plant(`[${entry({}).slice(0, -1)},"data":${'{"__proto__":'.repeat(5_000)}[-0,1e999]${"}".repeat(5_000)}}]`);
    await sealAll();
    const rows = (await sealedRows()) as { at: Date; target: string }[];
    expect(rows.slice(0, 7).filter(({ at }) => at.getTime() < started || at.getTime() > Date.now())).toEqual([]);
    expect(rows.slice(7)).toMatchObject([
      { seq: 8, event: "access.denied", code: "OCZ001W", kind: "authorization_denied", severity: "warn" },
      { event: "audit.event_unknown", severity: "error", data: { event: "constructor", data: { a: "1.5" } } },
      { event: "audit.event_unknown", data: { event: "message.\\u001b[2J" } },
      { data: { value: "x\\u0000y" }, user_id: null },
      { data: { "[__proto__]": { "[__proto__]": { "[__proto__]": { "[__proto__]": "[too deep]" } } } } },
    ]);
    expect(rows[10]?.target).toMatch(/^(\\u202e)+/);
    expect(rows[10]?.target).toHaveLength(512);
    await expectSound(12);
  });

  test("AUD-4 what only the sealer may say, and a time that has not come yet, are not believed", async () => {
    const own = ["audit.records_removed", "audit.integrity_failed", "audit.file_removed"];
    for (const event of own) {
      await plant(`[${entry({ event, outcome: "ok", data: { from: 1, to: 5 } })}]`);
    }
    await plant(`[${entry({ at: Date.UTC(9999, 0) })}]`);
    await sealAll();
    const rows = (await sealedRows()) as { at: Date }[];
    expect(rows).toMatchObject([
      ...own.map((event) => ({ event: "audit.event_unknown", severity: "error", data: { event, data: { from: 1 } } })),
      { event: "message.received" },
    ]);
    expect(rows[3]?.at.getTime()).toBeLessThanOrEqual(Date.now());
    await expectSound(4);
  });

  test("AUD-4 property: whatever is recorded or planted, hash and file equal what the database gives back", async () => {
    const anyText = fc.oneof(
      fc.string({ unit: "binary", maxLength: 600 }),
      fc.string({ unit: "grapheme", maxLength: 60 }),
    );
    const member = fc.oneof(anyText, fc.jsonValue());
    const planted = fc.record(
      {
        event: member,
        outcome: anyText,
        actorType: anyText,
        actorId: anyText,
        at: fc.jsonValue(),
        data: fc.jsonValue(),
        target: member,
        requestId: member,
      },
      { requiredKeys: ["event", "outcome", "actorType", "actorId"] },
    );
    const name = fc.constantFrom("message.received", "access.denied", "system.error");
    const recorded = fc.record({
      event: name,
      target: anyText,
      id: anyText,
      at: fc.date(),
      data: fc.dictionary(anyText, fc.anything()),
    });
    for (const batch of fc.sample(fc.array(planted, { maxLength: 4 }), { numRuns: 150, seed: 1 })) {
      await plant(JSON.stringify(batch).toWellFormed());
    }
    for (const { id, ...event } of fc.sample(recorded, { numRuns: 150, seed: 2 })) {
      await writer.append([{ ...event, outcome: "ok", actor: { type: "user", id }, data: event.data as AuditData }]);
    }
    await sealAll();
    await expectSound(await readHeadSeq(reader));
  });

  test("AUD-4 a backlog of many bytes is sealed in steps and keeps its order", async () => {
    const filler = Object.fromEntries(Array.from({ length: 15 }, (_, n) => [`k${n}`, "x".repeat(500)]));
    for (let n = 0; n < 40; n += 1) {
      await plant(
        `[${Array.from({ length: 20 }, (_, part) => entry({ target: `${n * 20 + part}`, data: filler })).join(",")}]`,
      );
    }
    await sealAll();
    const rows = (await sealedRows()) as { target: string }[];
    expect(rows.map(({ target }) => Number(target))).toEqual(Array.from({ length: 800 }, (_, index) => index));
    await expectSound(800);
  });
});

describe("recovery", () => {
  test("AUD-4 missing or older key files: an older one catches up, a missing one is refused", async () => {
    await append(0, 20);
    await sealAll();
    const stateFile = join(keysDir, "audit-sealer.json");
    const older = readFileSync(stateFile, "utf8");
    await append(20, 20);
    await sealAll();
    writeFileSync(stateFile, older);
    await append(40, 1);
    await sealAll();
    expect(await verdict()).toMatchObject({ sound: true, head: { seq: 41 } });

    rmSync(stateFile);
    await expect(open()).rejects.toThrow("audit-sealer.json is missing");
    writeFileSync(stateFile, "{}");
    await expect(open()).rejects.toThrow("damaged");
    expect(await readHeadSeq(reader)).toBe(41);
  });

  test("AUD-4 the sealer does not continue behind rows that were cut off or changed", async () => {
    await append(0, 20);
    await sealAll();
    await tamper("UPDATE audit_event SET hash = sha256('x') WHERE seq = 20");
    await expect(open()).rejects.toThrow("row 20 is not the row that was sealed");
    await tamper("DELETE FROM audit_event WHERE seq > 15");
    await expect(open()).rejects.toThrow("rows were cut off");
    await tamper("DELETE FROM audit_event");
    await expect(open()).rejects.toThrow("rows were cut off");
  });

  test("AUD-3 a torn last line, missing lines or no file at all are made good", async () => {
    await append(0, 50);
    await sealAll();
    const whole = readFileSync(mirrorFile, "utf8");
    const damages: (() => void)[] = [
      () => truncateSync(mirrorFile, whole.length - 7),
      () => truncateSync(mirrorFile, whole.length - 2_000),
      () => truncateSync(mirrorFile, 0),
      () => rmSync(mirrorFile),
      () => appendFileSync(mirrorFile, '{"torn":'),
    ];
    for (const damage of damages) {
      damage();
      await sealAll();
      expect(readFileSync(mirrorFile, "utf8")).toBe(whole);
    }
  });

  test("AUD-4 a file that differs is kept aside and written anew", async () => {
    await append(0, 10);
    await sealAll();
    const whole = readFileSync(mirrorFile, "utf8");
    const forged = whole.replace(/"userId":"user\d"(?=[^\n]*\n$)/, '"userId":"mallory"');
    expect(forged).not.toBe(whole);
    writeFileSync(mirrorFile, forged);
    await sealAll();
    expect(readFileSync(mirrorFile, "utf8")).toBe(whole);
    const aside = readdirSync(join(home, "logs")).filter((name) => name.startsWith("audit.log.set-aside-"));
    expect(aside.map((name) => readFileSync(join(home, "logs", name), "utf8"))).toEqual([forged]);
  });
});

describe("verifyRecord", () => {
  test("AUD-4 names what was done to the database and where", async () => {
    await append(0, 40);
    await sealAll();
    await tamper("UPDATE audit_event SET hash = '' WHERE seq = 38");
    expect(await verdict()).toEqual({ sound: false, seq: 38, kind: "edited" });
    await tamper("UPDATE audit_event SET at = 'infinity' WHERE seq = 37");
    expect(await verdict()).toEqual({ sound: false, seq: 37, kind: "edited" });
    await tamper("UPDATE audit_event SET user_id = 'mallory' WHERE seq = 31");
    expect(await verdict()).toEqual({ sound: false, seq: 31, kind: "edited" });
    await tamper("UPDATE audit_event SET data = jsonb_set(data, '{n}', '1234') WHERE seq = 25");
    expect(await verdict()).toEqual({ sound: false, seq: 25, kind: "edited" });
    await tamper("DELETE FROM audit_event WHERE seq = 20");
    expect(await verdict()).toEqual({ sound: false, seq: 20, kind: "deleted" });
    await tamper(
      "UPDATE audit_event SET seq = CASE seq WHEN 11 THEN 1012 ELSE 1011 END WHERE seq IN (11, 12); UPDATE audit_event SET seq = seq - 1000 WHERE seq > 1000",
    );
    expect(await verdict()).toEqual({ sound: false, seq: 11, kind: "reordered" });
  });

  test("AUD-4 a cut end is known from the key file, and from the file alone", async () => {
    await append(0, 30);
    const stateFile = join(keysDir, "audit-sealer.json");
    await sealAll();
    await tamper("DELETE FROM audit_event WHERE seq > 25");
    expect(await verdict()).toEqual({ sound: false, seq: 26, kind: "truncated" });
    rmSync(stateFile);
    expect(await verdict()).toEqual({ sound: false, seq: 26, kind: "truncated" });
    rmSync(join(keysDir, "audit-verify.json"));
    expect(await verdict()).toEqual({ sound: false, seq: 26, kind: "truncated" });
    rmSync(join(keysDir, "audit-public-key.txt"));
    await expect(verdict()).rejects.toMatchObject({ code: "AUDIT_UNAVAILABLE" });
  });
});

describe("the sealer process", () => {
  function start(): ChildProcess {
    return spawn(process.execPath, [join(import.meta.dirname, "sealer-main.ts")], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: {
        ...process.env,
        OPENCLAW_HOME: home,
        OPENCLAW_DATABASE_URL: database.sealerUrl,
        OPENCLAW_LOG_LEVEL: "error",
      },
    });
  }

  test(
    "AUD-4 AUD-11 kill -9 at random moments: the chain verifies and the file equals the database",
    { timeout: 120_000 },
    async () => {
      let written = 0;
      let running = true;
      const load = (async () => {
        while (running) {
          await append(written, 400);
          written += 400;
          // Not far ahead of the sealer, so that each round kills it at work and the last one need not catch up for long.
          const room = async () => !running || (await waiting()) < 5;
          await expect.poll(room, { timeout: 60_000, interval: 5 }).toBe(true);
        }
      })();
      for (let round = 0; round < 6; round += 1) {
        const child = start();
        const target = (await readHeadSeq(reader)) + 1 + Math.floor(Math.random() * 2_000);
        await expect.poll(() => readHeadSeq(reader), { timeout: 30_000, interval: 2 }).toBeGreaterThanOrEqual(target);
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      running = false;
      await load;

      const last = start();
      const [message] = (await once(last, "message")) as [unknown];
      expect(message).toEqual({ type: "ready" });
      last.kill("SIGTERM");
      expect(await once(last, "exit")).toEqual([0, null]);
      const keyring = await openTestKeyring(keysDir);
      const verified = await verifyRecord({ db: reader, keysDir, mirrorFile, keyring });
      expect(verified).toMatchObject({ sound: true, head: { seq: written }, covered: written });
      const copied = await readLines(mirrorFile, keyring);
      expect(copied).toEqual(await databaseLines());
    },
  );

  test("ends when its supervisor is gone, and says so when it may not continue", async () => {
    await append(0, 3);
    const child = start();
    await once(child, "message");
    child.disconnect();
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(await waiting()).toBe(0);
    rmSync(join(keysDir, "audit-sealer.json"));
    const refused = start();
    expect(await once(refused, "exit")).toEqual([1, null]);
  });
});
