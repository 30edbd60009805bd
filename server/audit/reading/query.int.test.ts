import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toEntries } from "#server/audit/entry.ts";
import { AuditFilter } from "#server/audit/filter.ts";
import { awaitSealing } from "#server/audit/intake.ts";
import { followEvents, listEvents } from "#server/audit/reading/query.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import type { Sealer } from "#server/audit/sealer.ts";
import { createAuditWriter, type AuditWriter } from "#server/audit/writer.ts";
import { openNotifyHub, type NotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { messageEvent } from "../../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../../tests/support/database.ts";
import { openTestSealer } from "../../../tests/support/sealer.ts";

const log = createLogger("test", "silent");
let database: TestDatabase;
let pool: Pool;
let writer: AuditWriter;
let hub: NotifyHub;
let sealer: Sealer;
let home: string;

const NOON = Date.UTC(2026, 0, 1, 12);
const failure: AuditEventInput = {
  event: "auth.token_rejected",
  outcome: "denied",
  actor: { type: "anonymous", id: "203.0.113.9" },
  address: "203.0.113.9",
  reason: "unknown_token",
  requestId: "fail",
  at: new Date(NOON + 60_000),
};
const denial: AuditEventInput = {
  event: "access.denied",
  outcome: "denied",
  actor: { type: "user", id: "user1" },
  userId: "user1",
  channel: "telegram",
  target: "run",
  requestId: "deny",
  at: new Date(NOON + 120_000),
};
const crash: AuditEventInput = {
  event: "system.error",
  outcome: "failed",
  actor: { type: "system", id: "web" },
  requestId: "crash",
  at: new Date(NOON + 180_000),
};

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test" });
  hub = await openNotifyHub(database.appUrl, "test", log);
  writer = createAuditWriter({ pool, log });
  for (let n = 0; n < 25; n += 1) {
    await writer.append([{ ...messageEvent(n), at: new Date(NOON) }]);
  }
  for (const event of [failure, denial, crash]) {
    await writer.append([event]);
  }
  home = mkdtempSync(join(tmpdir(), "openclaw-query-"));
  sealer = await openTestSealer({
    connectionString: database.sealerUrl,
    keysDir: home,
    mirrorFile: join(home, "audit.log"),
  });
  expect(await awaitSealing(pool, 20_000)).toBe(0);
});

afterAll(async () => {
  await writer.close();
  await sealer.close();
  await hub.close();
  await pool.end();
  await database.drop();
  rmSync(home, { recursive: true });
});

async function found(filter: Partial<AuditFilter>): Promise<(string | undefined)[]> {
  const page = await listEvents(pool, AuditFilter.parse(filter));
  return page.events.map((event) => event.requestId);
}

describe("listEvents", () => {
  test("AUD-6 each filter finds what it names and nothing else", async () => {
    expect(await found({ event: "authentication" })).toEqual(["fail"]);
    expect(await found({ event: "authorization_denied" })).toEqual(["deny"]);
    expect(await found({ event: "auth.token_rejected" })).toEqual(["fail"]);
    expect(await found({ event: "a" })).toEqual(["deny", "fail"]);
    expect(await found({ kind: "errors" })).toEqual(["crash"]);
    expect(await found({ level: "warn" })).toEqual(["crash", "deny", "fail"]);
    expect(await found({ level: "error" })).toEqual(["crash"]);
    expect(await found({ level: "critical" })).toEqual([]);
    expect(await found({ outcome: "denied" })).toEqual(["deny", "fail"]);
    expect(await found({ actor: "203.0.113.9" })).toEqual(["fail"]);
    expect(await found({ actor: "system" })).toEqual(["crash"]);
    expect(await found({ user: "user1", channel: "telegram" })).toEqual(["deny"]);
    expect(await found({ target: "run" })).toEqual(["deny"]);
    expect(await found({ requestId: "req_3" })).toEqual(["req_3"]);
    expect(await found({ since: new Date(NOON + 60_000), until: new Date(NOON + 180_000) })).toEqual(["deny", "fail"]);
    expect(await found({ event: "authentication", level: "error" })).toEqual([]);
  });

  test("AUD-6 a name that exists nowhere is an error with the place to look", async () => {
    await expect(found({ event: "authentification" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
    await expect(found({ event: "%" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  test("AUD-7 pages hang together without gap or repeat while events arrive", async () => {
    const seen: number[] = [];
    let before: number | undefined;
    for (;;) {
      const page = await listEvents(pool, AuditFilter.parse({ before, limit: 10, until: new Date(NOON + 1) }));
      seen.push(...page.events.map((event) => Number(event.data.n)));
      await writer.append([{ ...messageEvent(1000), at: new Date(NOON), requestId: "late" }]);
      await awaitSealing(pool, 20_000);
      if (page.next === null) {
        break;
      }
      before = page.next;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => 24 - index));
  });
});

describe("followEvents", () => {
  test("AUD-7 shows the newest, then each new event once, also one whose transaction commits late", async () => {
    const stop = new AbortController();
    const filter = AuditFilter.parse({ target: "follow", limit: 2 });
    const event = (n: number): AuditEventInput => ({ ...messageEvent(n), target: "follow" });
    await writer.append([event(1), event(2), event(3)]);
    await awaitSealing(pool, 20_000);
    const shown: unknown[] = [];
    const following = (async () => {
      for await (const entries of followEvents(pool, hub, filter, stop.signal)) {
        shown.push(...entries.map((entry) => entry.data.n));
      }
    })();
    await expect.poll(() => shown).toEqual([2, 3]);

    const slow = await pool.connect();
    await slow.query("BEGIN");
    const batch = JSON.stringify(toEntries([event(4)], undefined));
    await slow.query("INSERT INTO audit_intake (events) VALUES ($1)", [batch]);
    await writer.append([event(5)]);
    await expect.poll(() => shown).toEqual([2, 3, 5]);
    await slow.query("COMMIT");
    slow.release();
    await expect.poll(() => shown).toEqual([2, 3, 5, 4]);
    await writer.append([event(6), { ...messageEvent(7), target: "other" }]);
    await writer.append([event(8)]);
    await expect.poll(() => shown).toEqual([2, 3, 5, 4, 6, 8]);
    stop.abort();
    await following;
  });
});

test("awaitSealing says how many batches wait where no sealer works", async () => {
  const other = await createTestDatabase();
  const alone = createPool({ connectionString: other.appUrl, name: "test" });
  const unread = createAuditWriter({ pool: alone, log });
  expect(await awaitSealing(alone)).toBe(0);
  await unread.append([messageEvent(1)]);
  await unread.append([messageEvent(2)]);
  expect(await awaitSealing(alone, 60)).toBe(2);
  await unread.close();
  await alone.end();
  await other.drop();
});
