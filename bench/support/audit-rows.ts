/** A record of millions of rows with the skew of a real one, by SQL: what is slow to read does not depend on who sealed it. */
import type { Client } from "pg";
import { AUDIT_EVENTS, type AuditEventName } from "#server/audit/events.ts";

/** Of a million events. Most are ordinary traffic; what people look for is rare. */
const SHARES: Partial<Record<AuditEventName, { outcome: string; share: number }>> = {
  "message.received": { outcome: "ok", share: 372_000 },
  "message.replied": { outcome: "ok", share: 368_000 },
  "run.queued": { outcome: "ok", share: 52_000 },
  "run.started": { outcome: "ok", share: 52_000 },
  "run.ended": { outcome: "ok", share: 52_000 },
  "model.called": { outcome: "ok", share: 40_000 },
  "file.accessed": { outcome: "ok", share: 12_000 },
  "websocket.opened": { outcome: "ok", share: 9_000 },
  "websocket.closed": { outcome: "ok", share: 9_000 },
  "auth.token_rejected": { outcome: "denied", share: 12_000 },
  "access.denied": { outcome: "denied", share: 9_000 },
  "limit.exceeded": { outcome: "denied", share: 8_000 },
  "message.refused": { outcome: "denied", share: 3_000 },
  "egress.refused": { outcome: "denied", share: 1_000 },
  "token.refreshed": { outcome: "ok", share: 500 },
  "config.changed": { outcome: "ok", share: 200 },
  "token.created": { outcome: "ok", share: 100 },
  "system.error": { outcome: "failed", share: 150 },
  "sandbox.limit_hit": { outcome: "denied", share: 40 },
  "sandbox.escape_attempt": { outcome: "denied", share: 5 },
  "token.reuse_detected": { outcome: "denied", share: 5 },
};

const DAYS = 90;

/** Fills an empty `audit_event` and its tally. @param client of the database's owner. */
export async function fillAuditEvents(client: Client, rows: number): Promise<void> {
  // Indexes are built at the end: one at a time over all rows instead of all of them for each row.
  const { rows: indexes } = await client.query<{ indexname: string; indexdef: string }>(
    "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'audit_event' AND indexname <> 'audit_event_pkey'",
  );
  await client.query("ALTER TABLE audit_event DISABLE TRIGGER USER");
  for (const { indexname } of indexes) {
    await client.query(`DROP INDEX "${indexname}"`);
  }
  await client.query("SET maintenance_work_mem = '256MB'");
  await client.query("SELECT setseed(0.5)");
  await client.query(insertSql(rows));
  for (const { indexdef } of indexes) {
    await client.query(indexdef);
  }
  await client.query(`
    INSERT INTO audit_tally (hour, event, outcome, count, min_seq, max_seq)
    SELECT date_trunc('hour', at, 'UTC'), event, outcome, count(*), min(seq), max(seq) FROM audit_event GROUP BY 1, 2, 3`);
  await client.query("ALTER TABLE audit_event ENABLE TRIGGER USER");
  await client.query("VACUUM (ANALYZE) audit_event");
  await client.query("VACUUM (ANALYZE) audit_tally");
}

/** Squaring a random number gives few tokens, users and addresses most of the events, as traffic does. */
const insertSql = (rows: number): string => `
INSERT INTO audit_event (seq, at, event, code, kind, severity, outcome, actor_type, actor_id, token_id, user_id, channel, address,
  request_id, target, reason, because, data, hash)
SELECT seq, now() - interval '${DAYS} days' * (1 - seq / ${rows}.0), event, code, kind, severity, outcome,
  CASE WHEN event IN ('auth.token_rejected') THEN 'anonymous' WHEN event IN ('system.error') THEN 'system' ELSE 'token' END,
  CASE WHEN event IN ('auth.token_rejected') THEN address WHEN event IN ('system.error') THEN 'server' ELSE token END,
  CASE WHEN event IN ('auth.token_rejected', 'system.error') THEN NULL ELSE token END,
  'user' || (r2 * r2 * 5000)::int, (ARRAY['api','api','api','telegram','telegram','slack','whatsapp','discord'])[1 + (r3 * 7)::int],
  address, 'req_' || lpad((seq / 2)::text, 20, '0'), CASE WHEN event LIKE 'run.%' THEN 'run_' || lpad((seq / 3)::text, 17, '0') END,
  CASE WHEN outcome = 'denied' THEN 'reason_' || (r3 * 6)::int ELSE 'allowed' END, 'roles.admin',
  '{"command": "help", "characters": 200}', sha256(int8send(seq))
FROM (
  SELECT seq, pick.*, r2, r3, lpad((r1 * r1 * 200)::int::text, 12, '0') AS token,
    '203.0.' || (r1 * r1 * 15)::int || '.' || (r2 * r2 * 255)::int AS address
  FROM (SELECT seq, (random() * ${total()})::int AS p, random() AS r1, random() AS r2, random() AS r3 FROM generate_series(1, ${rows}) AS seq) AS draw
  JOIN (VALUES ${pickValues()}) AS pick(event, code, kind, severity, outcome, lo, hi) ON p >= lo AND p < hi
) AS drawn ORDER BY seq`;

const entries = (): [AuditEventName, { outcome: string; share: number }][] =>
  Object.entries(SHARES) as [AuditEventName, { outcome: string; share: number }][];

const total = (): number => entries().reduce((sum, [, { share }]) => sum + share, 0) - 1;

function pickValues(): string {
  let low = 0;
  return entries()
    .map(([event, { outcome, share }]) => {
      const { code, kind, severity } = AUDIT_EVENTS[event];
      const from = low;
      low += share;
      return `('${event}', '${code}', '${kind}', '${severity}', '${outcome}', ${from}, ${low})`;
    })
    .join(", ");
}
