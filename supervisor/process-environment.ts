/** What a process is started with. */
import type { Keyring, KeyPurpose } from "#server/core/crypto/keyring/index.ts";
import { childEnvironment } from "#server/core/env.ts";
import type { HomePaths } from "#server/core/paths.ts";
import type { StartOptions } from "./options.ts";
import type { ProcessName, ProcessPlan } from "./parts.ts";

/** Secrets of the configuration are the server's alone, and the record's files the sealer's. */
const KEYS_OF: Record<ProcessName, readonly KeyPurpose[]> = {
  server: ["database", "messages", "config"],
  worker: ["database", "messages"],
  sealer: ["audit-log"],
};

interface Given {
  databaseUrl: string;
  paths: HomePaths;
  options: StartOptions;
  keyring: Keyring;
}

/**
 * The least a process needs: its own database connection, keys for its own purposes, and no connection or secret that belongs to another. The
 * master key stays with the supervisor.
 */
export function processEnvironment(
  plan: ProcessPlan,
  { databaseUrl, paths, options, keyring }: Given,
): NodeJS.ProcessEnv {
  const changes = {
    OPENCLAW_HOME: paths.home,
    OPENCLAW_CONFIG: paths.configFile,
    OPENCLAW_DATABASE_URL: databaseUrl,
    OPENCLAW_KEY_ACCESS: keyring.accessTo(KEYS_OF[plan.name]),
    OPENCLAW_MASTER_KEY: undefined,
    OPENCLAW_MASTER_KEY_FILE: undefined,
    DATABASE_URL: undefined,
    OPENCLAW_DATABASE_URL_APP: undefined,
    OPENCLAW_DATABASE_URL_WORKER: undefined,
    OPENCLAW_DATABASE_URL_SEALER: undefined,
    NODE_ENV: "production",
    NEXT_TELEMETRY_DISABLED: "1",
    ...(options.port === undefined ? {} : { OPENCLAW_PORT: String(options.port) }),
  };
  // Only the server uses what the configuration refers to by `${NAME}`.
  return childEnvironment(changes, { bare: plan.name !== "server" });
}
