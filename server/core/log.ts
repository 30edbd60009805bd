/**
 * Structured application log (pino): one JSON object per line on standard output. Whatever is logged goes through `redact.ts`: objects by
 * the names of their members, and each finished line once more by what secrets look like, so that a careless call cannot print one.
 */
import { pino, type Logger } from "pino";
import { readEnv } from "#server/core/env.ts";
import { redact, redactText } from "#server/core/redact.ts";

export type { Logger };

export interface LogSettings {
  /** Lowest level that is written. */
  level: string;
  /** Whether errors are logged with their stacks. */
  stacks: boolean;
}

/** Of this process: it has one log. */
let stacks = true;

/** A logger that writes to standard output, named after its process. @param level overrides the environment and the configuration. */
export function createLogger(name: string, level?: string, out?: { write(line: string): void }): Logger {
  const settings = {
    name,
    level: level ?? readEnv().OPENCLAW_LOG_LEVEL ?? "info",
    timestamp: pino.stdTimeFunctions.isoTime,
    base: { pid: process.pid },
    formatters: {
      log: (entry: object) => redact(entry, { stacks }) as Record<string, unknown>,
    },
    // pino's own would take what is made of an error for another error.
    serializers: { err: (cleaned: unknown) => cleaned },
    hooks: { streamWrite: redactText },
  };
  return out === undefined ? pino(settings) : pino(settings, out);
}

/** Applies what the configuration says, now or after a reload. `OPENCLAW_LOG_LEVEL` is stronger than its level. */
export function applyLogSettings(log: Logger, settings: LogSettings): void {
  log.level = readEnv().OPENCLAW_LOG_LEVEL ?? settings.level;
  ({ stacks } = settings);
}
