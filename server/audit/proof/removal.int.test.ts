/** Retention of the database's rows: what leaves, what stays, and that the record verifies before, between and after. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openRecordBench, readLines, type RecordBench } from "../../../tests/support/record-bench.ts";
import { openTestKeyring } from "../../../tests/support/keyring.ts";
import { lineItem } from "#server/audit/proof/verify-items.ts";
import { childEnvironment } from "#server/core/env.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const retentionMs = (): number => 30 * DAY_MS;
let bench: RecordBench;

beforeEach(async () => {
  bench = await openRecordBench();
});

afterEach(() => bench.close());

const firstRow = async (): Promise<number | undefined> =>
  (await bench.pool.query<{ seq: number }>("SELECT seq FROM audit_event ORDER BY seq LIMIT 1")).rows[0]?.seq;

/** 25 old rows in two checkpoints, then 10 young ones. */
async function fill(): Promise<void> {
  await bench.append(0, 10, 60);
  await bench.sealAll();
  await bench.append(10, 15, 40);
  await bench.sealAll();
  await bench.append(25, 10);
  await bench.sealAll();
}

async function removeNow(): Promise<void> {
  const sealer = await bench.open({ retentionMs });
  await expect.poll(firstRow, { timeout: 30_000 }).toBeGreaterThan(25);
  await sealer.close();
}

describe("retention", () => {
  test("AUD-3 rows older than the retention leave, the rest verifies with every key and after restarts", async () => {
    await fill();
    expect(await bench.verify()).toMatchObject({ sound: true, head: { seq: 35 }, removed: 0 });
    await removeNow();
    expect(await firstRow()).toBe(26);
    const verdict = { sound: true, head: { seq: 36 }, removed: 25, covered: 36, chained: true };
    expect(await bench.verify()).toMatchObject(verdict);
    const { rows } = await bench.pool.query(
      "SELECT event, code, outcome, actor_id, data FROM audit_event WHERE seq = 36",
    );
    expect(rows).toEqual([
      { event: "audit.records_removed", code: "OCU003I", outcome: "ok", actor_id: "sealer", data: { from: 1, to: 25 } },
    ]);
    expect((await bench.pool.query("SELECT sum(count)::int AS n FROM audit_tally")).rows).toEqual([{ n: 11 }]);
    await bench.append(100, 20);
    await bench.sealAll({ retentionMs });
    expect(await bench.verify()).toMatchObject({ sound: true, head: { seq: 56 }, removed: 25, covered: 56 });

    const keyFile = join(bench.paths.keysDir, "audit-verify.json");
    const moved = join(bench.paths.home, "elsewhere.json");
    renameSync(keyFile, moved);
    expect(await bench.verify()).toMatchObject({ sound: true, chained: false, covered: 56 });
    expect(await bench.verify({ keyFile: moved })).toMatchObject({ sound: true, chained: true });
  });

  test("AUD-3 a second removal follows the first, and a young row in between stops it", async () => {
    await fill();
    await removeNow();
    await bench.append(200, 5, 50);
    await bench.sealAll();
    const again = await bench.open({ retentionMs, upkeepEveryMs: 50 });
    await expect.poll(async () => (await bench.notes()).length, { timeout: 10_000 }).toBeGreaterThan(4);
    await again.close();
    // The old rows stand behind young ones: they wait for those.
    expect(await firstRow()).toBe(26);
    await bench.sealAll({ retentionMs: () => DAY_MS / 1e9 });
    await expect.poll(firstRow).toBeGreaterThan(41);
    expect(await bench.verify()).toMatchObject({ sound: true, chained: true });
    const { rows } = await bench.pool.query("SELECT count(*)::int AS n FROM audit_removal");
    expect(rows).toEqual([{ n: 2 }]);
  });

  test("AUD-3 AUD-4 rows that were changed are not removed; that is on record, once", async () => {
    await fill();
    await bench.tamper("UPDATE audit_event SET user_id = 'mallory' WHERE seq = 7");
    const sealer = await bench.open({ retentionMs, upkeepEveryMs: 20 });
    const alarms = async () =>
      (
        await bench.pool.query<{ seq: number; severity: string }>(
          "SELECT seq, severity FROM audit_event WHERE event = 'audit.integrity_failed'",
        )
      ).rows;
    await expect.poll(alarms).toEqual([{ seq: 36, severity: "critical" }]);
    await bench.append(300, 1);
    await expect.poll(async () => (await bench.notes()).at(-1)?.seq).toBe(37);
    expect(await alarms()).toHaveLength(1);
    await sealer.close();
    expect(await firstRow()).toBe(1);
    expect(await bench.verify()).toEqual({ sound: false, seq: 7, kind: "edited" });
  });

  test("AUD-4 no other role, and no other way, removes a row", async () => {
    await fill();
    const sql = ["SELECT audit_remove()", "DELETE FROM audit_event WHERE seq = 1"];
    for (const statement of sql) {
      await expect(bench.pool.query(statement)).rejects.toThrow(/nothing is removed|permission denied/);
    }
    await expect(bench.pool.query("SET openclaw.audit_removal = 'on'; DELETE FROM audit_event")).rejects.toThrow(
      "permission denied",
    );
  });

  test(
    "AUD-3 AUD-11 kill -9 while rows are being removed: nothing is lost that should stay, and the record verifies",
    { timeout: 120_000 },
    async () => {
      for (let n = 0; n < 12; n += 1) {
        await bench.append(n * 1_000, 1_000, 60);
        // Each end of a sealer brings a checkpoint, and rows leave up to one.
        await bench.sealAll();
      }
      await bench.append(12_000, 500);
      await bench.sealAll();
      mkdirSync(dirname(bench.paths.configFile), { recursive: true });
      writeFileSync(bench.paths.configFile, `{ logging: { audit: { retention: "30d", encryption: false } } }`);
      const env = childEnvironment({
        OPENCLAW_HOME: bench.paths.home,
        OPENCLAW_DATABASE_URL: bench.database.sealerUrl,
        OPENCLAW_LOG_LEVEL: "error",
      });
      const run = () =>
        spawn(process.execPath, [join(import.meta.dirname, "..", "sealer-main.ts")], {
          stdio: ["ignore", "inherit", "inherit", "ipc"],
          env,
        });
      for (let round = 0; round < 4; round += 1) {
        const child = run();
        await once(child, "message");
        await bench.append(20_000 + round * 50, 50);
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      const last = run();
      await once(last, "message");
      await expect.poll(firstRow, { timeout: 30_000 }).toBe(12_001);
      last.kill("SIGTERM");
      await once(last, "exit");
      const keyring = await openTestKeyring(bench.paths.keysDir);
      expect(await bench.verify({ keyring })).toMatchObject({ sound: true, removed: 12_000, chained: true });
      const lines = await readLines(bench.mirrorFile, keyring);
      const { rows } = await bench.pool.query<{ n: number }>("SELECT max(seq) AS n FROM audit_event");
      // Files leave by themselves when all of their rows are old; what is left of them goes on to the end without a gap.
      const copied = lines.map((line) => lineItem(line).seq);
      expect(copied[0]).toBeLessThanOrEqual(12_001);
      expect(copied).toEqual(Array.from(copied, (_, index) => (copied[0] ?? 0) + index));
      expect(copied.at(-1)).toBe(rows[0]?.n);
    },
  );
});
