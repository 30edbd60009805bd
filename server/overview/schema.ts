/** What the overview shows. Browser-safe. */
import { z } from "zod";
import { BackupStatus } from "#server/backups/schema.ts";

const ENGINE_STATES = ["ready", "image_missing", "unreachable", "no_worker"] as const;

const Worker = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.number(),
  version: z.string(),
  heartbeatAt: z.date(),
  /** False when its last heartbeat is too old to trust. */
  alive: z.boolean(),
});

const RecentRun = z.object({
  id: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  language: z.string(),
  userId: z.string().nullable(),
  channel: z.string(),
  createdAt: z.date(),
  /** Milliseconds from start to end, or to now while it runs; null before it starts. */
  durationMs: z.number().nullable(),
});

export const OverviewStatus = z.object({
  /** Server time of this snapshot; ages are counted from it, not from the browser's clock. */
  at: z.date(),
  gateway: z.object({ version: z.string(), startedAt: z.date(), home: z.string(), url: z.string() }),
  database: z.object({ version: z.string(), latencyMs: z.number() }),
  engine: z.object({
    state: z.enum(ENGINE_STATES),
    version: z.string().nullable(),
    imageDigest: z.string().nullable(),
    /** What is missing and what to do, when code cannot run. */
    problem: z.string().nullable(),
  }),
  workers: z.array(Worker),
  config: z.object({
    file: z.string(),
    loadedAt: z.date(),
    problems: z.array(z.object({ path: z.string(), line: z.number(), reason: z.string(), fix: z.string() })),
  }),
  /** `intervalMs`: made this long ago at most; 0 = only on request. */
  backups: BackupStatus.extend({ intervalMs: z.number() }),
  audit: z.object({ lastSeq: z.number().nullable(), unsealed: z.number() }),
  warnings: z.array(
    z.object({ severity: z.enum(["error", "warning"]), path: z.string(), reason: z.string(), fix: z.string() }),
  ),
  runs: z.array(RecentRun),
});
export type OverviewStatus = z.infer<typeof OverviewStatus>;
