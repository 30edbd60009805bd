/** What only a running gateway's database tells: its engine, its record, its own settings. */
import type { Pool } from "pg";
import { countWaiting } from "#server/audit/index.ts";
import type { Db } from "#server/core/db/client.ts";
import { engineStatus } from "#server/sandbox/index.ts";
import type { DatabaseState, EngineState, ModelState, RecordState } from "#server/scan/facts/sources.ts";

export async function engineState(db: Db): Promise<EngineState> {
  const [{ workers }, pendingApprovals] = await Promise.all([
    engineStatus(db),
    db.runApproval.count({ where: { state: "pending" } }),
  ]);
  return { workers: workers.map(({ id, alive, engine }) => ({ id, alive, engine })), pendingApprovals };
}

const WINDOW = "30 days";
/** Events whose number in the last days says something by itself. */
const COUNTED = [
  "audit.integrity_failed",
  "audit.batch_unreadable",
  "audit.anchor_failed",
  "audit.read",
  "audit.exported",
  "data.unreadable",
  "backup.failed",
  "sandbox.container_drift",
  "sandbox.foreign_action",
];
const CONFIGURATION_EVENTS = ["config.loaded", "config.changed", "config.rejected"];

export async function recordState(db: Db, pool: Pool, now: Date): Promise<RecordState> {
  const [head, waiting, checkpoint, anchors, counts, configuration, quarantine] = await Promise.all([
    db.auditEvent.findFirst({ orderBy: { seq: "desc" }, select: { seq: true, at: true } }),
    countWaiting(pool),
    db.auditCheckpoint.findFirst({ orderBy: { seq: "desc" }, select: { seq: true, createdAt: true } }),
    db.auditAnchor.findMany({ select: { deliveredAt: true, failures: true, lastError: true } }),
    pool.query<{ event: string; n: number }>(
      `SELECT event, sum(count)::bigint AS n FROM audit_tally
        WHERE event = ANY($1) AND hour > $2::timestamptz - interval '${WINDOW}' GROUP BY event`,
      [COUNTED, now],
    ),
    // One index entry each: the newest of every name.
    pool.query<{ event: string; hash: string | null; at: Date }>(
      `SELECT newest.event, newest.data->>'hash' AS hash, newest.at FROM unnest($1::text[]) AS wanted(event)
        CROSS JOIN LATERAL (SELECT event, data, at, seq FROM audit_event WHERE event = wanted.event ORDER BY seq DESC LIMIT 1) AS newest
        ORDER BY newest.seq DESC LIMIT 1`,
      [CONFIGURATION_EVENTS],
    ),
    db.quarantinedFile.aggregate({ where: { state: "stored" }, _min: { createdAt: true }, _count: true }),
  ]);
  return {
    sealedTo: head === null ? null : Number(head.seq),
    newestEventAt: head?.at ?? null,
    waiting,
    checkpoint: checkpoint === null ? null : { seq: Number(checkpoint.seq), at: checkpoint.createdAt },
    anchor: anchors[0] ?? null,
    counts: new Map(counts.rows.map(({ event, n }) => [event, Number(n)])),
    configuration: configuration.rows[0] ?? null,
    oldestQuarantine: quarantine._min.createdAt,
    quarantined: quarantine._count,
  };
}

const SETTINGS = [
  "fsync",
  "full_page_writes",
  "password_encryption",
  "log_statement",
  "listen_addresses",
  "log_min_error_statement",
  "server_version_num",
];

/** Tables of the record that the web process may read and add to, and nothing else. */
const RECORD_TABLES = ["audit_event", "audit_intake", "audit_checkpoint", "audit_removal", "audit_tally"];

interface DatabaseRow {
  now_ms: number;
  superuser: boolean;
  bypass: boolean;
  everybody: boolean;
  address: string | null;
  ssl: boolean | null;
}

/** @param pool with the rights of the web process, which are judged here. */
export async function databaseState(pool: Pool): Promise<DatabaseState> {
  const before = Date.now();
  const { rows } = await pool.query<DatabaseRow>(
    `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms,
            rolsuper AS superuser, rolbypassrls AS bypass,
            EXISTS (SELECT FROM pg_namespace, aclexplode(nspacl) AS acl
                     WHERE nspname = 'public' AND acl.grantee = 0 AND acl.privilege_type = 'CREATE') AS everybody,
            host(inet_server_addr()) AS address,
            (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS ssl
       FROM pg_roles WHERE rolname = current_user`,
  );
  const middle = (before + Date.now()) / 2;
  const [settings, privileges] = await Promise.all([
    pool.query<{ name: string; setting: string }>("SELECT name, setting FROM pg_settings WHERE name = ANY($1)", [
      SETTINGS,
    ]),
    pool.query<{ held: string }>(
      `SELECT privilege || ' on ' || name AS held FROM unnest($1::text[]) AS name, unnest(ARRAY['UPDATE','DELETE','TRUNCATE']) AS privilege
        WHERE to_regclass(name) IS NOT NULL AND has_table_privilege(name, privilege) ORDER BY 1`,
      [RECORD_TABLES],
    ),
  ]);
  const row = rows[0];
  const values = Object.fromEntries(settings.rows.map(({ name, setting }) => [name, setting]));
  return {
    skewMs: row === undefined ? 0 : row.now_ms - middle,
    version: Math.floor(Number(values["server_version_num"] ?? 0) / 10_000),
    settings: values,
    superuser: row?.superuser ?? false,
    bypassesRowSecurity: row?.bypass ?? false,
    recordPrivileges: privileges.rows.map(({ held }) => held),
    everybodyCreates: row?.everybody ?? false,
    remote: row?.address !== null && row?.address !== undefined && !/^127\.|^::1$/.test(row.address),
    encrypted: row?.ssl ?? false,
  };
}

const MAX_MODELS = 20;

export async function modelState(pool: Pool, now: Date): Promise<ModelState> {
  const { rows } = await pool.query<{ model: string; calls: number }>(
    `SELECT model, count(*)::bigint AS calls FROM model_call
      WHERE cost_nano IS NULL AND at > $1::timestamptz - interval '${WINDOW}' AND input_tokens + output_tokens > 0
      GROUP BY model ORDER BY 2 DESC LIMIT ${MAX_MODELS}`,
    [now],
  );
  return { unpriced: rows.map(({ model, calls }) => ({ model, calls: Number(calls) })) };
}
