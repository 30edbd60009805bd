/** Does what the console asked for: one job after the other, each as the command that an operator would use. */
import { setTimeout as delay } from "node:timers/promises";
import { claimJob, endAbandoned, endJob, JobOutcome, tellProgress, type ClaimedJob } from "#server/backups/index.ts";
import { createPool } from "#server/core/db/pool.ts";
import { messageOf } from "#server/core/errors.ts";
import { redactText } from "#server/core/redact.ts";
import type { BackupSchedule } from "./backup-schedule.ts";
import { runBackupProcess } from "./backup-process.ts";

interface BackupRequestsOptions {
  ownerUrl: string;
  /** Machine and home, as the web process names them. */
  place: string;
  /** Folder of the program. */
  cwd: string;
  /** Of the command: with the master secret. */
  env: NodeJS.ProcessEnv;
  onTrouble(why: string): void;
  lookEveryMs?: number;
}

const LOOK_EVERY_MS = 1_000;
const AFTER_TROUBLE_MS = 10_000;

/** @returns what stops it; a job under way is ended. */
export function serveBackupRequests(options: BackupRequestsOptions): BackupSchedule {
  const { ownerUrl, place, lookEveryMs = LOOK_EVERY_MS } = options;
  const stopping = new AbortController();
  const pool = createPool({ connectionString: ownerUrl, name: "supervisor:backups", max: 1, onError: () => undefined });
  const pause = (ms: number): Promise<unknown> =>
    delay(ms, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);

  async function work(job: ClaimedJob): Promise<void> {
    const { failure, stdout } = await runBackupProcess({
      cwd: options.cwd,
      env: options.env,
      signal: stopping.signal,
      args: argumentsOf(job),
      onProgress: (text) => void tellProgress(pool, job.id, text).catch(() => undefined),
    });
    const outcome = outcomeOf(stdout);
    const isDone = failure === null && outcome !== null;
    const why = outcome?.notes?.[0] ?? failure ?? "It ended without an answer.";
    await endJob(pool, job.id, {
      state: isDone ? "succeeded" : "failed",
      message: isDone ? null : redactText(why.replace(/^openclaw: /, "")),
      outcome,
    });
  }

  async function run(): Promise<void> {
    let abandonedEnded = false;
    while (!stopping.signal.aborted) {
      try {
        if (!abandonedEnded) {
          await endAbandoned(pool, place);
          abandonedEnded = true;
        }
        const job = await claimJob(pool, place);
        await (job === null ? pause(lookEveryMs) : work(job));
      } catch (error) {
        if (!stopping.signal.aborted) {
          options.onTrouble(messageOf(error));
          await pause(AFTER_TROUBLE_MS);
        }
      }
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
      await pool.end();
    },
  };
}

function argumentsOf({ kind, name, requestedType, requestedBy }: ClaimedJob): string[] {
  const by = `--requested-by=${requestedType}:${requestedBy}`;
  switch (kind) {
    case "create_config":
      return ["backup-config", "--json", by];
    case "create_full":
      return ["backup-config", "--full", "--json", by];
    case "verify":
      return ["verify-backup", name ?? "", "--json", by];
    case "plan":
      return ["restore-backup", name ?? "", "--dry-run", "--json"];
  }
}

function outcomeOf(stdout: string): ReturnType<typeof JobOutcome.parse> | null {
  try {
    return JobOutcome.parse(JSON.parse(stdout));
  } catch {
    return null;
  }
}
