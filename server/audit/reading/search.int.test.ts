/** Searching against a plain loop over all rows: what the indexes, partial indexes and the tally are for must not show in the answers. */
import fc from "fast-check";
import type { Pool } from "pg";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChainRow } from "#server/audit/chain.ts";
import { countEvents } from "#server/audit/reading/count.ts";
import { AUDIT_EVENTS, type AuditEventName } from "#server/audit/events.ts";
import { matcherOf } from "#server/audit/export/matches.ts";
import { AuditFilter, type AuditSearch } from "#server/audit/filter.ts";
import { listEvents, readMatching } from "#server/audit/reading/query.ts";
import { readSealed } from "#server/audit/sealed-rows.ts";
import { AUDIT_KINDS, OUTCOMES, SECURITY_KINDS, SEVERITIES } from "#server/audit/schema.ts";
import { HOUR_MS, histogram } from "#server/audit/reading/tally.ts";
import { createPool } from "#server/core/db/pool.ts";
import { insertSealed, type TestRow } from "../../../tests/support/audit-rows.ts";
import { createTestDatabase, type TestDatabase } from "../../../tests/support/database.ts";

const NOON = Date.UTC(2026, 0, 1, 12);
const ROWS = 700;
const NAMES = Object.keys(AUDIT_EVENTS) as AuditEventName[];

let database: TestDatabase;
let pool: Pool;
let all: ChainRow[];

const some = (...values: string[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const randomRow: fc.Arbitrary<Omit<TestRow, "at">> = fc.record({
  event: fc.constantFrom(...NAMES),
  outcome: fc.constantFrom(...OUTCOMES),
  actorType: fc.constantFrom("token", "user", "anonymous"),
  actorId: fc.constantFrom("a", "b", "token"),
  tokenId: some("a", "b"),
  userId: some("u1", "u2"),
  channel: some("api", "slack"),
  address: some("203.0.113.1", "::1"),
  requestId: some("r1", "r2", "r3"),
  correlationId: some("c1", "c2"),
  target: some("t1", "t2"),
  reason: some("x", "y"),
});

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.appUrl, name: "test" });
  const owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  const rows = fc.sample(randomRow, { numRuns: ROWS, seed: 5 });
  // Nearly in order of time, as a record is: clocks of several processes differ.
  const jitter = fc.sample(fc.integer({ min: 0, max: 2 * HOUR_MS }), { numRuns: ROWS, seed: 6 });
  await insertSealed(
    (text, values) => owner.query(text, values),
    rows.map((row, n) => ({ ...row, at: NOON + n * (HOUR_MS / 20) + (jitter[n] ?? 0) })),
  );
  await owner.end();
  all = [];
  for await (const batch of readSealed(pool)) {
    all.push(...batch.map(({ row }) => row));
  }
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

const minutes = fc.integer({ min: -60, max: (ROWS / 20 + 3) * 60 });
const time = fc.oneof(
  minutes.map((n) => new Date(NOON + n * 60_000)),
  minutes.map((n) => new Date(NOON + Math.floor(n / 60) * HOUR_MS)),
);
const searches: fc.Arbitrary<AuditSearch> = fc.record(
  {
    event: fc.constantFrom(
      "a",
      "auth",
      "authentication",
      "run",
      "run.ended",
      "sandbox.escape",
      "s",
      "errors",
      "config",
    ),
    kind: fc.constantFrom(...AUDIT_KINDS, ...SECURITY_KINDS),
    level: fc.constantFrom(...SEVERITIES),
    outcome: fc.constantFrom(...OUTCOMES),
    actor: fc.constantFrom("a", "b", "token", "user", "nobody"),
    user: fc.constantFrom("u1", "u2", "u3"),
    channel: fc.constantFrom("api", "slack"),
    target: fc.constantFrom("t1", "t2"),
    tokenId: fc.constantFrom("a", "b"),
    address: fc.constantFrom("203.0.113.1", "::1"),
    requestId: fc.constantFrom("r1", "r9"),
    correlationId: fc.constantFrom("c1", "c2"),
    reason: fc.constantFrom("x", "y"),
    since: time,
    until: time,
  },
  { requiredKeys: [] },
);
/** Most searches have few parts; with all of them nothing is ever found. */
const search = fc
  .tuple(searches, fc.subarray([...Object.keys(AuditFilter.shape)], { minLength: 0, maxLength: 3 }))
  .map(
    ([full, kept]) => Object.fromEntries(Object.entries(full).filter(([name]) => kept.includes(name))) as AuditSearch,
  );

const COLUMN = {
  outcome: "outcome",
  user: "userId",
  channel: "channel",
  target: "target",
  tokenId: "tokenId",
  address: "address",
  requestId: "requestId",
  correlationId: "correlationId",
  reason: "reason",
} as const;

/** What the words of a search mean, written down once more. */
function bruteForce(wanted: AuditSearch): number[] {
  return all
    .filter((row) =>
      Object.entries(wanted).every(([name, value]) => {
        switch (name) {
          case "event":
            return row.event.startsWith(String(value)) || row.kind.startsWith(String(value));
          case "kind":
            return row.kind === value;
          case "level":
            return (
              (SEVERITIES as readonly string[]).indexOf(row.severity) >=
              (SEVERITIES as readonly unknown[]).indexOf(value)
            );
          case "actor":
            return value === "token" || value === "user" ? row.actorType === value : row.actorId === value;
          case "since":
            return row.at >= (value as Date).toISOString();
          case "until":
            return row.at < (value as Date).toISOString();
          default:
            return row[COLUMN[name as keyof typeof COLUMN]] === value;
        }
      }),
    )
    .map(({ seq }) => seq);
}

async function listed(wanted: AuditSearch, limit: number): Promise<number[]> {
  const found: number[] = [];
  for (let before: number | undefined; ;) {
    const page = await listEvents(pool, AuditFilter.parse({ ...wanted, limit, before }));
    found.push(...page.events.map(({ seq }) => seq));
    if (page.next === null) {
      return found;
    }
    before = page.next;
  }
}

describe("searching the record", () => {
  test("AUD-6 any search finds on its pages what a loop over all rows finds, newest first", async () => {
    await fc.assert(
      fc.asyncProperty(search, fc.constantFrom(7, 50, 1000), async (wanted, limit) => {
        expect(await listed(wanted, limit)).toEqual(bruteForce(wanted).reverse());
      }),
      { numRuns: 200 },
    );
  });

  test("AUD-6 and counts as many", async () => {
    await fc.assert(
      fc.asyncProperty(search, async (wanted) => {
        expect(await countEvents(pool, wanted)).toEqual({ count: bruteForce(wanted).length, atLeast: false });
      }),
      { numRuns: 300 },
    );
  });

  test("AUD-6 forwards, and row by row, it is the same search", async () => {
    await fc.assert(
      fc.asyncProperty(search, fc.integer({ min: 1, max: ROWS }), async (wanted, from) => {
        const expected = bruteForce(wanted);
        expect(all.filter(matcherOf(wanted)).map(({ seq }) => seq)).toEqual(expected);
        const read: number[] = [];
        for await (const { rows } of readMatching(pool, wanted, { from, to: ROWS })) {
          read.push(...rows.map(({ row }) => row.seq));
        }
        expect(read).toEqual(expected.filter((seq) => seq >= from));
      }),
      { numRuns: 100 },
    );
  });

  test("AUD-8 buckets of a histogram hold every event of whole hours once", async () => {
    const named = search.map(({ event, kind, level, outcome }) =>
      Object.fromEntries(Object.entries({ event, kind, level, outcome }).filter(([, value]) => value !== undefined)),
    );
    await fc.assert(
      fc.asyncProperty(
        named,
        fc.integer({ min: -2, max: 40 }),
        fc.integer({ min: 1, max: 30 }),
        async (wanted, hour, width) => {
          const since = new Date(NOON + hour * HOUR_MS);
          const buckets = await histogram(pool, { ...wanted, since }, width);
          const counted = new Map<number, number>();
          buckets.forEach(({ startMs, count }) => counted.set(startMs, (counted.get(startMs) ?? 0) + count));
          const expected = new Map<number, number>();
          for (const seq of bruteForce({ ...wanted, since })) {
            const at = Date.parse(all[seq - 1]?.at ?? "");
            const start = since.getTime() + Math.floor((at - since.getTime()) / (width * HOUR_MS)) * width * HOUR_MS;
            expected.set(start, (expected.get(start) ?? 0) + 1);
          }
          expect(counted).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("AUD-6 a name that exists nowhere is refused wherever it is asked for", async () => {
    const wanted = { event: "authentification" };
    const refusal = {
      code: "INVALID_INPUT",
      message: expect.stringMatching(/^event: no audit event or kind/) as string,
    };
    await expect(listEvents(pool, AuditFilter.parse(wanted))).rejects.toMatchObject(refusal);
    await expect(countEvents(pool, wanted)).rejects.toMatchObject(refusal);
    await expect(histogram(pool, wanted, 1)).rejects.toMatchObject(refusal);
    expect(() => matcherOf(wanted)).toThrow(/^event: no audit event or kind/);
  });
});

test("AUD-6 where counting takes long it stops and says that there may be more", async () => {
  const other = await createTestDatabase();
  const owner = new Client({ connectionString: other.ownerUrl });
  const reader = createPool({ connectionString: other.appUrl, name: "test" });
  await owner.connect();
  await owner.query(`
    INSERT INTO audit_event (seq, at, event, code, kind, severity, outcome, actor_type, actor_id, channel, data, hash)
    SELECT n, now(), 'message.received', 'OCM001I', 'message_receive', 'info', 'ok', 'token', 'x', 'api', '{}', ''
    FROM generate_series(1, 10001) AS n`);
  expect(await countEvents(reader, { channel: "api" })).toEqual({ count: 10_000, atLeast: true });
  expect(await countEvents(reader, { channel: "slack" })).toEqual({ count: 0, atLeast: false });
  await owner.end();
  await reader.end();
  await other.drop();
});
