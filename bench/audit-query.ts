/**
 * Reading a record of five million events: one page and the filtered count, for each kind of search that people make. The rows come from SQL,
 * in a durable PostgreSQL of this run. Prints one JSON line per figure.
 */
import { Client, type Pool } from "pg";
import { startMigratedCluster } from "../tests/support/cluster.ts";
import { fillAuditEvents } from "./support/audit-rows.ts";
import { AuditFilter, countEvents, listEvents } from "#server/audit/index.ts";
import { createPool } from "#server/core/db/pool.ts";

const ROWS = 5_000_000;
const WARM_UP_CALLS = 3;
const CALLS = 30;
const DAY_MS = 86_400_000;

const ago = (days: number): Date => new Date(Date.now() - days * DAY_MS);

/** What to look for in the n-th call, so that not the same rows are read again and again. */
const SEARCHES: Record<string, (n: number) => Partial<AuditFilter>> = {
  everything: () => ({}),
  "everything, deep": (n) => ({ before: ROWS - n * 100_000 }),
  "event, frequent": () => ({ event: "message.received" }),
  "event, rare": () => ({ event: "sandbox.escape_attempt" }),
  "event, never": () => ({ event: "audit.integrity_failed" }),
  "several events": () => ({ event: "auth" }),
  kind: () => ({ kind: "agent_execution" }),
  "level warn": () => ({ level: "warn" }),
  "level error": () => ({ level: "error" }),
  "level critical": () => ({ level: "critical" }),
  "event and level": () => ({ event: "authentication", level: "warn" }),
  "outcome denied": () => ({ outcome: "denied" }),
  "outcome failed": () => ({ outcome: "failed" }),
  "event and outcome that never meet": () => ({ event: "message", outcome: "failed" }),
  "actor, busy": () => ({ actor: "000000000000" }),
  "actor, by number": (n) => ({ actor: String(n).padStart(12, "0") }),
  "actor's type": () => ({ actor: "system" }),
  "user, busy": () => ({ user: "user0" }),
  "user, by number": (n) => ({ user: `user${n * 100}` }),
  "user and event": (n) => ({ user: `user${n}`, event: "authorization_denied" }),
  "user and channel": (n) => ({ user: `user${n}`, channel: "whatsapp" }),
  "actor and event, rare": () => ({ actor: "000000000000", event: "config_changes" }),
  channel: () => ({ channel: "telegram" }),
  "channel and event": () => ({ channel: "discord", event: "authorization_denied" }),
  "channel and level": () => ({ channel: "discord", level: "error" }),
  target: (n) => ({ target: `run_${String(n * 1_000).padStart(17, "0")}` }),
  request: (n) => ({ requestId: `req_${String(n * 1_000).padStart(20, "0")}` }),
  "last day": () => ({ since: ago(1) }),
  "last week": () => ({ since: ago(7) }),
  "a day, two months ago": () => ({ since: ago(61), until: ago(60) }),
  "event, a day two months ago": () => ({ event: "authentication", since: ago(61), until: ago(60) }),
  "level, last week": () => ({ level: "error", since: ago(7) }),
  "user, last day": (n) => ({ user: `user${n}`, since: ago(1) }),
  "address, busy": () => ({ address: "203.0.0.0" }),
  "address, last day": () => ({ address: "203.0.7.77", since: ago(1) }),
  "address and level": () => ({ address: "203.0.7.77", level: "warn" }),
  "token, last week": () => ({ tokenId: "000000000050", since: ago(7) }),
};

async function main(): Promise<void> {
  const database = await startMigratedCluster({ durable: true });
  try {
    const owner = new Client({ connectionString: database.ownerUrl });
    await owner.connect();
    await fillAuditEvents(owner, ROWS);
    await owner.end();
    const pool = createPool({ connectionString: database.url("app"), name: "bench", max: 2 });
    await measure(pool);
    await pool.end();
  } finally {
    await database.stop();
  }
}

async function measure(pool: Pool): Promise<void> {
  for (const [name, search] of Object.entries(SEARCHES)) {
    const page = await timed((n) => listEvents(pool, AuditFilter.parse(search(n))));
    const { before: _before, ...counted } = search(1);
    const count = await timed((n) => countEvents(pool, { ...counted, ...search(n) }));
    const found = await countEvents(pool, counted);
    console.log(
      JSON.stringify({
        id: "audit query",
        search: name,
        page,
        count,
        found: `${found.atLeast ? "> " : ""}${found.count}`,
      }),
    );
  }
}

async function timed(call: (n: number) => Promise<unknown>): Promise<{ p50Ms: number; p95Ms: number }> {
  const times: number[] = [];
  for (let n = 0; n < WARM_UP_CALLS + CALLS; n += 1) {
    const started = performance.now();
    await call(n);
    if (n >= WARM_UP_CALLS) {
      times.push(performance.now() - started);
    }
  }
  times.sort((a, b) => a - b);
  const percentile = (part: number): number => Number((times[Math.floor(times.length * part)] ?? NaN).toFixed(1));
  return { p50Ms: percentile(0.5), p95Ms: percentile(0.95) };
}

await main();
