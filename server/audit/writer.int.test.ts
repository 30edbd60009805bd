import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { createAuditWriter } from "#server/audit/writer.ts";
import { startCluster, type Cluster } from "#server/core/db/cluster.ts";
import { folderClusterLayout } from "#server/core/db/embedded-layout.ts";
import { migrate } from "#server/core/db/migrate.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { messageEvent, RECORDED } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";

const log = createLogger("test", "silent");
let database: TestDatabase;
let pool: Pool;
let owner: Pool;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test" });
  owner = createPool({ connectionString: database.ownerUrl, name: "test" });
});

afterAll(async () => {
  await pool.end();
  await owner.end();
  await database.drop();
});

async function storedNumbers(source: Pool, from: number, to: number): Promise<number[]> {
  const result = await source.query<{ n: number }>(
    `SELECT (data->>'n')::int AS n FROM ${RECORDED} AS record WHERE (data->>'n')::int BETWEEN $1 AND $2 ORDER BY 1`,
    [from, to],
  );
  return result.rows.map((row) => row.n);
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);

describe("createAuditWriter", () => {
  test("AUD-11 what append has answered is committed, whatever the concurrency", async () => {
    const writer = createAuditWriter({ pool, log });
    await Promise.all(
      range(0, 50).map(async (lane) => {
        for (const n of range(lane * 20, 20)) {
          await writer.append([messageEvent(n)]);
          expect(await storedNumbers(owner, n, n)).toEqual([n]);
        }
      }),
    );
    expect(await storedNumbers(owner, 0, 999)).toEqual(range(0, 1000));
    await writer.close();
  });

  async function batchSizes(after: number): Promise<{ events: number; bytes: number }[]> {
    const { rows } = await owner.query<{ events: number; bytes: number }>(
      "SELECT json_array_length(events::json) AS events, octet_length(events) AS bytes FROM audit_intake WHERE id > $1 ORDER BY id",
      [after],
    );
    return rows;
  }

  async function newestBatch(): Promise<number> {
    const { rows } = await pool.query<{ id: number }>("SELECT coalesce(max(id), 0) AS id FROM audit_intake");
    return rows[0]?.id ?? 0;
  }

  test("gathers waiting events into few batches, each of at most 1,000 events", async () => {
    const before = await newestBatch();
    const writer = createAuditWriter({ pool, log });
    await Promise.all(range(10_000, 2_500).map((n) => writer.append([messageEvent(n)])));
    const sizes = (await batchSizes(before)).map(({ events }) => events);
    expect(sizes.toSorted((a, b) => b - a)).toEqual([1000, 1000, 500]);
    await writer.close();
  });

  test("AUD-11 the largest events there can be are split so that every batch fits", async () => {
    const before = await newestBatch();
    const writer = createAuditWriter({ pool, log });
    const long = '"\uffff'.repeat(256);
    const data = Object.fromEntries(range(0, 128).map((n) => [`${"\uffff".repeat(60)}${n}`, long]));
    const largest: AuditEventInput = {
      ...{ ...messageEvent(15_000), tokenId: long, userId: long, channel: long, address: long, requestId: long },
      ...{ correlationId: long, target: long, reason: long, because: long, actor: { type: "token", id: long }, data },
    };
    await Promise.all(range(0, 200).map(() => writer.append([largest, largest])));
    const sizes = await batchSizes(before);
    expect(sizes.reduce((sum, { events }) => sum + events, 0)).toBe(400);
    expect(sizes.length).toBeGreaterThan(2);
    await writer.close();
  });

  test("AUD-11 the bad events of one request do not refuse the others of its batch", async () => {
    await owner.query("ALTER TABLE audit_intake ADD CONSTRAINT planted CHECK (events NOT LIKE '%poison%')");
    const writer = createAuditWriter({ pool, log });
    const results = await Promise.allSettled(
      range(20_000, 30).map((n) =>
        writer.append([messageEvent(n), { ...messageEvent(n + 100), target: n === 20_007 ? "poison" : "x" }]),
      ),
    );
    expect(results.map((result) => result.status)).toEqual(
      range(0, 30).map((n) => (n === 7 ? "rejected" : "fulfilled")),
    );
    const good = range(20_000, 30).filter((n) => n !== 20_007);
    expect(await storedNumbers(owner, 20_000, 20_200)).toEqual([...good, ...good.map((n) => n + 100)]);
    await writer.append([messageEvent(20_300)]);
    await writer.close();
    await owner.query("ALTER TABLE audit_intake DROP CONSTRAINT planted");
  });

  test("AUD-11 refuses beyond its bound and after closing, and stores all it has taken", async () => {
    const writer = createAuditWriter({ pool, log, maxPending: 10 });
    const taken = range(30_000, 10).map((n) => writer.append([messageEvent(n)]));
    await expect(writer.append([messageEvent(30_010)])).rejects.toMatchObject({ code: "AUDIT_UNAVAILABLE" });
    await writer.close();
    await Promise.all(taken);
    expect(await storedNumbers(owner, 30_000, 30_099)).toEqual(range(30_000, 10));
    await expect(writer.append([messageEvent(30_011)])).rejects.toMatchObject({ code: "AUDIT_UNAVAILABLE" });
  });

  test("AUD-2 asks for each event whether its kind is wanted", async () => {
    let wantMessages = false;
    const writer = createAuditWriter({ pool, log, wanted: (kind) => kind !== "message_receive" || wantMessages });
    await writer.append([messageEvent(40_000)]);
    wantMessages = true;
    await writer.append([messageEvent(40_001)]);
    await writer.close();
    expect(await storedNumbers(owner, 40_000, 40_001)).toEqual([40_001]);
  });
});

describe("with a database of its own", () => {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-writer-"));
  const options = { layout: folderClusterLayout(folder), ownerPassword: "testpassword", durable: true };
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster(options);
    await migrate(cluster.ownerUrl());
  });

  afterAll(async () => {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("AUD-11 while the database crashes and restarts, each append is durable or refused, and writing goes on by itself", async () => {
    const own = createPool({ connectionString: cluster.ownerUrl(), name: "test" });
    const writer = createAuditWriter({ pool: own, log });
    const accepted: number[] = [];
    const refused: unknown[] = [];
    let next = 0;
    let running = true;
    const lanes = range(0, 16).map(async () => {
      while (running) {
        const n = next++;
        await writer.append([messageEvent(n)]).then(
          () => void accepted.push(n),
          (error: unknown) => void refused.push(error),
        );
      }
    });
    for (const signal of ["SIGKILL", "SIGQUIT", "SIGKILL"] as const) {
      const [before, refusedBefore] = [accepted.length, refused.length];
      await expect.poll(() => accepted.length, { timeout: 20_000 }).toBeGreaterThan(before + 200);
      process.kill(cluster.pid, signal);
      await cluster.exited;
      await expect.poll(() => refused.length, { timeout: 20_000 }).toBeGreaterThan(refusedBefore);
      cluster = await startCluster(options);
    }
    const before = accepted.length;
    await expect.poll(() => accepted.length, { timeout: 20_000 }).toBeGreaterThan(before + 200);
    running = false;
    await Promise.all(lanes);
    await writer.close();

    const stored = new Set(await storedNumbers(own, 0, next));
    expect(accepted.filter((n) => !stored.has(n))).toEqual([]);
    expect(
      refused.map((error) => (error as { code: string }).code).filter((code) => code !== "AUDIT_UNAVAILABLE"),
    ).toEqual([]);
    await own.end();
  });
});
