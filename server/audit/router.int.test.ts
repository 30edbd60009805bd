/** The console's way to the record, on a real database with the web process's rights. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Pool } from "pg";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testLocks } from "../../tests/support/locks.ts";
import { insertSealed, type TestRow } from "../../tests/support/audit-rows.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { openRecordBench, type RecordBench } from "../../tests/support/record-bench.ts";
import { exportBytes, readTicket } from "#server/audit/console/export.ts";
import type { ExportFormat } from "#server/audit/export/schema.ts";
import { verifyExported } from "#server/audit/proof/verify-commands.ts";
import { readPublicKey } from "#server/audit/proof/signing-key.ts";
import type { Sealer } from "#server/audit/sealer.ts";
import { createAuditWriter, type AuditWriter } from "#server/audit/writer.ts";
import { openNotifyHub, type NotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import type { ConsoleContext } from "#server/trpc/context.ts";
import { createCaller } from "#server/trpc/root.ts";

const log = createLogger("test", "silent");
const NOON = Date.UTC(2026, 0, 1, 12);
const MINUTE_MS = 60_000;

let bench: RecordBench;
let owner: Client;
let pool: Pool;
let audit: AuditWriter;
let hub: NotifyHub;
let session = 0;

interface Asker {
  permissions?: readonly string[];
  steppedUp?: boolean;
}

/** A new session each time, so that its readings are its own. */
function as({ permissions = ["audit:read", "audit:export"], steppedUp = true }: Asker = {}) {
  session += 1;
  const services = {
    pool,
    audit,
    notify: hub,
    log,
    paths: bench.paths,
    clock: { now: () => NOON + 60 * MINUTE_MS },
    sessionSecret: "test-only-session-secret-0123456789abcdef",
    locks: testLocks(),
    refusals: { record: async () => undefined },
  };
  const context = {
    services,
    origin: { address: "192.0.2.1", requestId: `req_reader${session}`, userAgent: null },
    session: {
      id: `session${session}`,
      actor: { type: "member", id: `ana${session}` },
      permissions,
      secondFactor: "verified",
      steppedUpUntil: steppedUp ? new Date(NOON + 61 * MINUTE_MS) : null,
      expiresAt: new Date(NOON + 120 * MINUTE_MS),
    },
  } as unknown as ConsoleContext;
  return { audit: createCaller(context).audit, services, sessionId: `session${session}`, name: `ana${session}` };
}

const denied = (n: number): TestRow => ({
  event: "access.denied",
  outcome: "denied",
  at: NOON + n * MINUTE_MS,
  userId: `user${n % 3}`,
  channel: n % 2 === 0 ? "telegram" : "slack",
  reason: "permission_missing",
  because: 'role "user".permissions',
  requestId: `req_d${n}`,
  correlationId: `req_d${n}`,
  data: { command: "run", role: "user", permission: "runs:create" },
});

beforeAll(async () => {
  bench = await openRecordBench();
  pool = createPool({ connectionString: bench.database.appUrl, name: "test" });
  hub = await openNotifyHub(bench.database.appUrl, "test", log);
  audit = createAuditWriter({ pool, log });
  owner = new Client({ connectionString: bench.database.ownerUrl });
  await owner.connect();
  await insertSealed(
    (text, values) => owner.query(text, values),
    [
      ...Array.from({ length: 30 }, (_, n) => denied(n)),
      {
        event: "auth.token_rejected",
        outcome: "denied",
        at: NOON + 31 * MINUTE_MS,
        actorType: "anonymous",
        address: "203.0.113.9",
      },
      {
        event: "message.received",
        at: NOON + 32 * MINUTE_MS,
        userId: "ana b",
        requestId: "req_m",
        correlationId: "req_m",
        target: "run_1",
      },
      {
        event: "run.ended",
        at: NOON + 33 * MINUTE_MS,
        actorType: "worker",
        actorId: "wrk",
        correlationId: "req_m",
        target: "run_1",
      },
      {
        event: "run.ended",
        at: NOON + 34 * MINUTE_MS,
        actorType: "worker",
        actorId: "wrk",
        correlationId: "req_other",
        target: "run_1",
      },
      { event: "system.error", outcome: "failed", at: NOON + 35 * MINUTE_MS, actorType: "system", actorId: "web" },
    ],
  );
});

async function closeAll(): Promise<void> {
  await audit.close();
  await hub.close();
  await pool.end();
  await owner.end();
  await bench.close();
}
afterAll(closeAll);

async function recordedBy(
  name: string,
): Promise<{ event: string; reason: string | null; data: Record<string, unknown> }[]> {
  const { rows } = await owner.query<{ event: string; reason: string | null; data: Record<string, unknown> }>(
    `SELECT event, reason, data FROM ${RECORDED} AS record WHERE actor_id = $1 ORDER BY n`,
    [name],
  );
  return rows;
}

describe("audit.page", () => {
  test.each([
    ["", 35],
    ["user:user1 outcome:denied", 10],
    ['user:"ana b"', 1],
    ["event:access.*", 30],
    ["event:authentication", 1],
    ["kind:errors", 1],
    ["severity:warn", 32],
    ["severity:critical", 0],
    ["channel:slack", 15],
    ["reason:permission_missing", 30],
    ["actor:anonymous", 1],
    ["actor:wrk", 2],
    ["address:203.0.113.9", 1],
    ["run:run_1", 3],
    ["request:req_m", 1],
    ["correlation:req_m", 2],
    ["token:nobody", 0],
    ["since:30m", 5],
    ["created:>=2026-01-01T12:30Z", 5],
    ["created:2025-12-31", 0],
  ])("AUD-6 %s finds %i", async (q, expected) => {
    const { rows, next } = await as().audit.page({ q, limit: 200 });
    expect([rows.length, next]).toEqual([expected, null]);
  });

  test("AUD-7 pages hang together in both directions, whatever happens meanwhile", async () => {
    const { audit: reader } = as();
    const first = await reader.page({ q: "channel:telegram", limit: 6 });
    const second = await reader.page({ q: "channel:telegram", limit: 6, before: first.next ?? 0 });
    const third = await reader.page({ q: "channel:telegram", limit: 6, before: second.next ?? 0 });
    const seqs = [first, second, third].flatMap(({ rows }) => rows.map(({ seq }) => seq));
    expect(seqs).toEqual(Array.from({ length: 15 }, (_, n) => 29 - 2 * n));
    expect(third.next).toBeNull();
    expect(await reader.page({ q: "channel:telegram", limit: 6, before: first.head + 1 })).toEqual(first);
  });

  test("a row says in words who was refused what, and why", async () => {
    const { rows } = await as().audit.page({ q: "user:user0 channel:slack", limit: 1 });
    expect(rows).toMatchObject([
      {
        title: "Access denied",
        sentence: "user0 was refused the command /run on slack: role “user” lacks “runs:create”.",
        who: "user0",
        outcome: "denied",
      },
    ]);
  });

  test("from and to narrow what the text says", async () => {
    const at = (minutes: number): string => new Date(NOON + minutes * MINUTE_MS).toISOString();
    const { rows } = await as().audit.page({ q: "created:>=2026-01-01T12:05Z", from: at(0), to: at(10) });
    expect(rows.map(({ seq }) => seq)).toEqual([10, 9, 8, 7, 6]);
    await expect(as().audit.page({ from: at(10), to: at(10) })).rejects.toMatchObject({
      cause: { code: "INVALID_INPUT" },
    });
  });

  test.each([
    "event",
    "user",
    "actor",
    "channel",
    "reason",
    "run",
    "token",
    "address",
    "target",
    "request",
    "correlation",
  ])("SEC no text behind %s: is ever SQL", async (qualifier) => {
    for (const value of ["' OR '1'='1", "'; DROP TABLE audit_event; --", "$1", "%", "_", "\\", "ok') OR true --"]) {
      const asked = { q: `${qualifier}:"${value.replace(/["\\]/g, "\\$&")}"` };
      const { audit: reader } = as();
      if (qualifier === "event") {
        await expect(reader.page(asked)).rejects.toMatchObject({ cause: { code: "INVALID_INPUT" } });
      } else {
        expect((await reader.page(asked)).rows).toEqual([]);
        expect((await reader.facets(asked)).count).toBe(0);
        expect((await reader.histogram(asked)).buckets).toEqual([]);
      }
    }
  });

  test.each([
    ["usr:ana", /no qualifier “usr:”. Try user:ana/],
    ["outcome:denid", /Try outcome:denied/],
    ["created:soon", /is no time/],
    ["user:a user:b", /twice/],
  ])("%s is refused with what could stand there", async (q, message) => {
    await expect(as().audit.page({ q })).rejects.toMatchObject({ message: expect.stringMatching(message) as unknown });
  });

  test.each([{ q: "x".repeat(1_001) }, { limit: 201 }, { before: 0 }, { from: "yesterday" }])(
    "%j is bounded before anything is read",
    async (input) => {
      await expect(as().audit.page(input)).rejects.toMatchObject({ code: "BAD_REQUEST" });
    },
  );

  test("RBAC-1 it takes audit:read", async () => {
    const { audit: reader } = as({ permissions: ["read", "write"] });
    const calls = [
      () => reader.page({}),
      () => reader.facets({}),
      () => reader.histogram({}),
      () => reader.row({ seq: 1 }),
      () => reader.chain(),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ cause: { code: "FORBIDDEN" } });
    }
  });
});

describe("reading is on record", () => {
  test("AUD-7 once per session and search, before anything is shown, however often it is refreshed", async () => {
    const { audit: reader, name } = as();
    await Promise.all([
      reader.page({ q: "user:user1" }),
      reader.facets({ q: "user:user1" }),
      reader.histogram({ q: "user:user1" }),
    ]);
    await reader.page({ q: "user:user1", before: 20 });
    await reader.page({ q: "user:user1 " });
    expect(await recordedBy(name)).toEqual([
      { event: "audit.read", reason: "console", data: { filter: { user: "user1" } } },
    ]);
    await reader.page({ q: "user:user2" });
    expect(await recordedBy(name)).toHaveLength(2);
  });

  test("a row that the search does not show is a reading of its own", async () => {
    const { audit: reader, name } = as();
    await reader.row({ q: "user:user1", seq: 2 });
    await reader.row({ q: "user:user1", seq: 32 });
    await reader.row({ q: "user:user1", seq: 32 });
    expect((await recordedBy(name)).map(({ data }) => data.filter)).toEqual([{ user: "user1" }, { seq: 32 }]);
  });

  test("AUD-11 what cannot be recorded is not shown", async () => {
    const { services, sessionId } = as();
    const broken = {
      ...services,
      audit: { append: () => Promise.reject(new Error("gone")), close: async () => undefined },
    };
    const { readPage } = await import("#server/audit/console/rows.ts");
    const reader = { sessionId, actor: { type: "member", id: "x" } as const };
    await expect(readPage(broken, reader, { q: "", limit: 5 })).rejects.toThrow("gone");
    expect((await readPage(services, reader, { q: "", limit: 5 })).rows).toHaveLength(5);
  });
});

describe("audit.row", () => {
  test("explains the reason, leads to the rule and to the simulator", async () => {
    const detail = await as().audit.row({ seq: 2 });
    expect(detail).toMatchObject({
      reason: "role “user” lacks “runs:create”",
      because: 'role "user".permissions',
      rule: { href: "/roles?role=user&permission=runs%3Acreate" },
      entry: { event: "access.denied", code: "OCZ001W", data: { command: "run" } },
    });
    expect(detail.simulate).toContain("/roles/simulate?user=user1");
    expect(detail.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test("shows what belongs to the same request in all processes, and nothing else", async () => {
    const { group } = await as().audit.row({ seq: 33 });
    expect(group.id).toBe("req_m");
    expect(group.rows.map(({ seq }) => seq)).toEqual([32, 33]);
  });

  test("a row that is not there is not found", async () => {
    await expect(as().audit.row({ seq: 999_999 })).rejects.toMatchObject({ cause: { code: "NOT_FOUND" } });
  });
});

describe("audit.facets and audit.histogram", () => {
  const sum = (values: readonly { count: number }[]): number => values.reduce((total, { count }) => total + count, 0);

  test.each([
    "",
    "user:user1",
    "channel:slack outcome:denied",
    "severity:warn",
    "since:30m",
    "kind:authorization_denied",
  ])("the facets of “%s” sum up, and each of its values finds as many as it says", async (q) => {
    const { audit: reader } = as();
    const { count, atLeast, facets } = await reader.facets({ q, to: new Date(NOON + 40 * MINUTE_MS).toISOString() });
    expect(atLeast).toBe(false);
    for (const { qualifier, values } of facets) {
      if (["outcome", "event", "kind"].includes(qualifier)) {
        expect([qualifier, sum(values)]).toEqual([qualifier, count]);
      }
      for (const { value, count: found } of values) {
        const quoted = /\s/.test(value) ? `"${value}"` : value;
        const text = q.includes(`${qualifier}:`) ? q : `${q} ${qualifier}:${quoted}`;
        const { rows } = await reader.page({ q: text, limit: 200, to: new Date(NOON + 40 * MINUTE_MS).toISOString() });
        if (text !== q) {
          expect([qualifier, value, rows.length]).toEqual([qualifier, value, found]);
        }
      }
    }
  });

  test.each(["user:user1", "since:30m", "", "outcome:failed"])("the bars of “%s” hold every event once", async (q) => {
    const { audit: reader } = as();
    const { rows } = await reader.page({ q, limit: 200, to: new Date(NOON + 40 * MINUTE_MS).toISOString() });
    const { buckets, countedFromMs, bucketMs } = await reader.histogram({
      q,
      to: new Date(NOON + 40 * MINUTE_MS).toISOString(),
    });
    expect(countedFromMs).toBeNull();
    expect(buckets.length).toBeLessThanOrEqual(62);
    expect(buckets.reduce((total, { ok, denied: no, failed }) => total + ok + no + failed, 0)).toBe(rows.length);
    expect(buckets.every(({ startMs }, index) => startMs === (buckets[0]?.startMs ?? 0) + index * bucketMs)).toBe(true);
  });
});

describe("following, checking and exporting", () => {
  let sealer: Sealer;
  beforeAll(async () => {
    // The rows above have no chain: from here on there is a record of its own with a real one.
    await closeAll();
    bench = await openRecordBench();
    pool = createPool({ connectionString: bench.database.appUrl, name: "test" });
    hub = await openNotifyHub(bench.database.appUrl, "test", log);
    audit = createAuditWriter({ pool, log });
    owner = new Client({ connectionString: bench.database.ownerUrl });
    await owner.connect();
    await bench.append(1, 40);
    sealer = await bench.open();
    return async () => {
      await sealer.close();
    };
  });

  test("AUD-4 the record is checked in the background, and how it ended can be read by everybody", async () => {
    const { audit: reader } = as();
    expect(await reader.verify()).toMatchObject({ state: "running" });
    await expect.poll(async () => (await reader.chain()).verification?.state, { timeout: 10_000 }).toBe("sound");
    expect(await reader.chain()).toMatchObject({ verifiableHere: true, head: expect.any(Number) as number });
  });

  test.each<ExportFormat>(["json", "csv", "cef", "ocsf"])(
    "AUD-9 an export as %s holds this filter and is on record",
    async (format) => {
      const { audit: reader, services, sessionId, name } = as();
      const ordered = await reader.orderExport({ q: "user:user3 event:message.received", format });
      expect(ordered.proven).toBe(true);
      const order = readTicket(services, sessionId, new URL(ordered.href, "http://x").searchParams.get("order") ?? "");
      const pieces: Uint8Array[] = [];
      for await (const piece of exportBytes(services, { sessionId, actor: { type: "member", id: name } }, order)) {
        pieces.push(piece);
      }
      const text = Buffer.concat(pieces).toString("utf8");
      expect(text.match(/req_\d+/g)?.length).toBeGreaterThanOrEqual(6);
      expect(text).toContain("req_3");
      expect(text).not.toContain("req_4");
      const exported = (await recordedBy(name)).filter(({ event }) => event === "audit.exported");
      expect(exported.map(({ reason }) => reason)).toEqual(["started", "finished"]);
      if (format === "json") {
        const file = join(bench.paths.home, "export.json");
        writeFileSync(file, text);
        const key = readPublicKey(bench.paths.keysDir);
        expect(await verifyExported({ file, keyring: null, firstKey: null, key })).toMatchObject({ sound: true });
        rmSync(file);
      }
    },
  );

  test("SEC an order is good in its own session, unchanged and for two minutes only", async () => {
    const mine = as();
    const { href } = await mine.audit.orderExport({ format: "csv" });
    const written = new URL(href, "http://x").searchParams.get("order") ?? "";
    const [body = "", signature = ""] = written.split(".");
    const forged = Buffer.from(Buffer.from(body, "base64url").toString("utf8").replace("csv", "cef")).toString(
      "base64url",
    );
    const later = { ...mine.services, clock: { now: () => NOON + 63 * MINUTE_MS } };
    expect(readTicket(mine.services, mine.sessionId, written)).toMatchObject({ format: "csv" });
    expect(() => readTicket(mine.services, "another", written)).toThrow(/not ordered/);
    expect(() => readTicket(later, mine.sessionId, written)).toThrow(/not ordered/);
    for (const wrong of [`${forged}.${signature}`, body, "", "..", `${body}.${"A".repeat(43)}`]) {
      expect(() => readTicket(mine.services, mine.sessionId, wrong)).toThrow(/not ordered/);
    }
  });

  test("an export that the reader leaves is on record as failed", async () => {
    const { services, sessionId, name, audit: reader } = as();
    const { href } = await reader.orderExport({ format: "csv" });
    const order = readTicket(services, sessionId, new URL(href, "http://x").searchParams.get("order") ?? "");
    const bytes = exportBytes(services, { sessionId, actor: { type: "member", id: name } }, order);
    await bytes.next();
    await bytes.return();
    const exported = (await recordedBy(name)).filter(({ event }) => event === "audit.exported");
    expect(exported.map(({ reason }) => reason)).toEqual(["started", "failed"]);
  });

  test("an export takes audit:export and a fresh proof of identity", async () => {
    await expect(as({ permissions: ["audit:read"] }).audit.orderExport({ format: "json" })).rejects.toMatchObject({
      cause: { code: "FORBIDDEN" },
    });
    await expect(as({ steppedUp: false }).audit.orderExport({ format: "json" })).rejects.toMatchObject({
      cause: { code: "STEP_UP_REQUIRED" },
    });
  });

  test("AUD-4 a changed row is found, and that is on record", async () => {
    await sealer.close();
    await bench.tamper("UPDATE audit_event SET outcome = 'denied' WHERE seq = 7");
    const { audit: reader } = as();
    await reader.verify();
    await expect.poll(async () => (await reader.chain()).verification?.state, { timeout: 10_000 }).toBe("tampered");
    expect((await reader.chain()).verification).toMatchObject({
      row: 7,
      message: expect.stringContaining("Row 7") as string,
    });
    expect((await recordedBy("server")).map(({ event }) => event)).toEqual(["audit.integrity_failed"]);
  });
});
