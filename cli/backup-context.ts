/** What the commands for backups hand on: the home, the environment, who asks, and progress for whoever waits. */
import type { CliContext } from "./context.ts";
import { OPERATOR } from "./operator.ts";
import type { Actor } from "#server/audit/schema.ts";
import type { BackupContext } from "#server/backups/index.ts";
import { readEnv } from "#server/core/env.ts";

/** Said at most this often (milliseconds), and not at all where it is quick. */
const EVERY_MS = 1_000;

export function backupContext(context: CliContext, actor: Actor = OPERATOR): BackupContext {
  let saidAt = performance.now();
  return {
    paths: context.paths,
    env: readEnv(),
    actor,
    now: new Date(),
    onProgress(text) {
      const now = performance.now();
      if (now - saidAt >= EVERY_MS) {
        saidAt = now;
        context.err(`… ${text}`);
      }
    },
  };
}
