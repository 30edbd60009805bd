/** Structured application log (pino). Redaction is by key name at any depth we use, so that a careless call cannot print a secret. */
import { pino, type Logger } from "pino";
import { readEnv } from "#server/core/env.ts";

const SECRET_KEYS = [
  "token",
  "secret",
  "password",
  "authorization",
  "cookie",
  "apiKey",
  "key",
  "code",
  "text",
  "databaseUrl",
];

export type { Logger };

/** A logger that writes JSON lines to standard output, named after its process. */
export function createLogger(name: string, level?: string): Logger {
  return pino({
    name,
    level: level ?? readEnv().OPENCLAW_LOG_LEVEL ?? "info",
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: "[redacted]" },
    timestamp: pino.stdTimeFunctions.isoTime,
    base: { pid: process.pid },
  });
}
