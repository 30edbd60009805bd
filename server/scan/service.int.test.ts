import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { loadConfig } from "#server/config/index.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { inTransaction } from "#server/core/db/in-transaction.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { createScanService, type ScanService } from "#server/scan/index.ts";
import type { Pool } from "pg";

let bench: CliBench;
let pool: Pool;
let db: Db;
let keyring: Keyring;

beforeAll(async () => {
  bench = await openCliBench(() => undefined);
  keyring = await openTestKeyring(bench.paths.keysDir);
  pool = createPool({ connectionString: bench.database.appUrl, name: "scans", max: 8 });
  db = createDb(pool);
});
afterAll(async () => {
  await db.$disconnect();
  await pool.end();
  await bench.close();
});

function service(now: () => number, timing: { firstLookMs: number; lookEveryMs: number }): ScanService {
  return createScanService({
    db,
    pool,
    clock: { now },
    paths: bench.paths,
    env: {},
    config: { current: () => loadConfig(bench.paths.configFile, { text: "{}" }) },
    keyring,
    log: createLogger("test"),
    ...timing,
  });
}

test("MON-3 several servers of one home make one scheduled scan between them, and the next when it is due", async () => {
  let now = Date.now();
  const servers = Array.from({ length: 3 }, () => service(() => now, { firstLookMs: 1, lookEveryMs: 20 }));
  const count = () => db.securityScan.count({ where: { trigger: "schedule" } });
  try {
    await vi.waitFor(async () => expect(await count()).toBe(1), { timeout: 30_000 });
    now += 86_400_000;
    await vi.waitFor(async () => expect(await count()).toBe(2), { timeout: 30_000 });
    const rows = await db.securityScan.findMany({ orderBy: { at: "asc" } });
    expect(rows.map(({ requestedBy }) => requestedBy)).toEqual(["scan schedule", "scan schedule"]);
    expect((rows[1]?.at.getTime() ?? 0) - (rows[0]?.at.getTime() ?? 0)).toBe(86_400_000);
  } finally {
    await Promise.all(servers.map((one) => one.close()));
  }
});

test("MON-3 a connection that is lost while a scheduled scan is made does not end the server, and the scan is made", async () => {
  await bench.sql("DELETE FROM security_scan");
  const owner = createPool({ connectionString: bench.database.ownerUrl, name: "owner" });
  const holding =
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
  const scans = await inTransaction(owner, async (holder) => {
    // The scan waits for the table, and nothing is asked of the connection that holds the lock meanwhile.
    await holder.query("LOCK TABLE security_scan");
    const started = service(Date.now, { firstLookMs: 1, lookEveryMs: 20 });
    const end = `SELECT pg_terminate_backend(pid) FROM (${holding}) AS held`;
    await expect.poll(async () => (await owner.query(end)).rowCount, { timeout: 10_000 }).toBe(1);
    await expect.poll(async () => (await owner.query(holding)).rowCount, { timeout: 10_000 }).toBe(0);
    return started;
  });
  await expect.poll(() => db.securityScan.count(), { timeout: 30_000 }).toBe(1);
  await scans.close();
  await owner.end();
});

test("MON-3 what the console shows: the last scan with its findings, the trend, suppressions with who and why", async () => {
  const scans = service(Date.now, { firstLookMs: 3_600_000, lookEveryMs: 3_600_000 });
  await bench.sql("DELETE FROM security_scan");
  const ada = { type: "member", id: "ada" } as const;
  try {
    const [made, refused] = await Promise.allSettled([scans.run(ada, "console"), scans.run(ada, "console")]);
    expect(made.status).toBe("fulfilled");
    expect(refused).toMatchObject({ status: "rejected", reason: { code: "CONFLICT" } });
    await scans.suppress(ada, {
      checkId: "record.no_anchor",
      reason: "next month",
      until: new Date(Date.now() + 86_400_000),
    });
    await scans.run(ada, "console");
    const { last, history, suppressions } = await scans.view();
    expect(last?.scan).toMatchObject({ trigger: "console", requestedBy: "ada", fresh: 0, suppressed: 1 });
    expect(last?.suppressed).toMatchObject([
      { id: "record.no_anchor", suppression: { reason: "next month", createdBy: "ada" } },
    ]);
    expect(history.length).toBeGreaterThan(1);
    const [suppression] = suppressions;
    await scans.endSuppression(ada, suppression?.id ?? "");
    await expect(scans.endSuppression(ada, suppression?.id ?? "")).rejects.toMatchObject({ code: "NOT_FOUND" });
  } finally {
    await scans.close();
  }
});
