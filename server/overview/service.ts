/** One snapshot of the running system for the overview. Reads only. */
import { z } from "zod";
import type { BackupStatus } from "#server/backups/schema.ts";
import type { ConfigStore } from "#server/config/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import type { WebOrigin } from "#server/core/http/web-origin.ts";
import { engineSummary } from "#server/overview/policy.ts";
import type { OverviewStatus } from "#server/overview/schema.ts";
import { engineStatus } from "#server/sandbox/index.ts";

export interface OverviewServices {
  db: Db;
  clock: Clock;
  web: WebOrigin;
  system: { version: string; startedAt: Date; home: string };
  config: Pick<ConfigStore, "current" | "status">;
  /** What lies in the folder of backups now. */
  backups: () => BackupStatus;
}

const RECENT_RUNS = 20;

export async function overviewStatus({
  db,
  clock,
  web,
  system,
  config,
  backups,
}: OverviewServices): Promise<OverviewStatus> {
  const startedMs = performance.now();
  const databaseVersion = await readDatabaseVersion(db);
  const latencyMs = Math.round(performance.now() - startedMs);
  const [sandbox, runs, head, unsealed] = await Promise.all([
    engineStatus(db),
    // Named fields only: the code and output of a run never enter a list.
    db.run.findMany({
      orderBy: { createdAt: "desc" },
      take: RECENT_RUNS,
      select: {
        id: true,
        state: true,
        reason: true,
        language: true,
        userId: true,
        channel: true,
        createdAt: true,
        startedAt: true,
        finishedAt: true,
      },
    }),
    db.auditEvent.findFirst({ orderBy: { seq: "desc" }, select: { seq: true } }),
    db.auditIntake.count(),
  ]);

  const now = clock.now();
  const status = config.status();
  return {
    at: new Date(now),
    gateway: { version: system.version, startedAt: system.startedAt, home: system.home, url: web.canonical },
    database: { version: databaseVersion, latencyMs },
    engine: engineSummary(sandbox.workers, sandbox.problem),
    workers: sandbox.workers.map(({ id, host, pid, version, heartbeatAt, alive }) => ({
      id,
      host,
      pid,
      version,
      heartbeatAt,
      alive,
    })),
    config: {
      file: status.file,
      loadedAt: status.loadedAt,
      problems: (status.error ?? []).map(({ path, line, reason, fix }) => ({ path, line, reason, fix })),
    },
    backups: { ...backups(), intervalMs: config.current().config.security.storage.backupInterval },
    audit: { lastSeq: head === null ? null : Number(head.seq), unsealed },
    warnings: config.current().warnings.map(({ severity, path, reason, fix }) => ({ severity, path, reason, fix })),
    runs: runs.map(({ startedAt, finishedAt, ...run }) => ({
      ...run,
      durationMs: startedAt === null ? null : Math.max(0, (finishedAt?.getTime() ?? now) - startedAt.getTime()),
    })),
  };
}

const VersionRows = z.tuple([z.object({ version: z.string() })]);

async function readDatabaseVersion(db: Db): Promise<string> {
  const rows = VersionRows.parse(await db.$queryRaw`SELECT current_setting('server_version') AS version`);
  return rows[0].version;
}
