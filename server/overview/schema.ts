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

const PostureFix = z.object({
  text: z.string(),
  /** To type. */
  command: z.string().nullable(),
  /** Page of the console. */
  href: z.string().nullable(),
});
export type PostureFix = z.infer<typeof PostureFix>;

const PostureLine = z.object({
  id: z.string(),
  part: z.enum(["setup", "maintenance"]),
  label: z.string(),
  state: z.enum(["done", "todo", "risk", "unknown"]),
  /** What is so, with the place. */
  evidence: z.string(),
  fix: PostureFix.nullable(),
  /** Upkeep alone: when it is or was due. */
  dueAt: z.date().nullable(),
});
export type PostureLine = z.infer<typeof PostureLine>;

/** The guide's checklist, judged from facts. */
export const Posture = z.object({
  at: z.date(),
  lines: z.array(PostureLine),
  /** Percent; null when nothing is known. */
  score: z.number().nullable(),
  /** How it comes about. */
  explanation: z.string(),
});
export type Posture = z.infer<typeof Posture>;

export const OverviewActivity = z.object({
  at: z.date(),
  /** Beginning of the first hour. */
  since: z.date(),
  series: z.array(
    z.object({
      kind: z.enum(["authentication_failure", "authorization_denied", "rate_limit_exceeded"]),
      /** Oldest first. */
      perHour: z.array(z.number()),
    }),
  ),
  /** Live tokens that end within a week, the first few. */
  expiringTokens: z.array(z.object({ id: z.string(), name: z.string(), expiresAt: z.date() })),
  expiringCount: z.number(),
  /** Of the gateway's own certificate; null without one. */
  certificateEnds: z.date().nullable(),
});
export type OverviewActivity = z.infer<typeof OverviewActivity>;

const RecentDenial = z.object({
  seq: z.number(),
  at: z.string(),
  event: z.string(),
  who: z.string(),
  address: z.string().nullable(),
  /** What was acted on: a command, run, channel. */
  what: z.string().nullable(),
  why: z.string(),
  /** The rule that decided. */
  because: z.string().nullable(),
});
export type RecentDenial = z.infer<typeof RecentDenial>;
export const RecentDenials = z.array(RecentDenial);
