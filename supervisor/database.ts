/** The database of a start: embedded or external, migrated, with the least-rights connection of each process. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startCluster, socketUrl, DATABASE_NAME, type Cluster } from "#server/core/db/cluster.ts";
import { connectionsFile, type Connections } from "#server/core/db/connections.ts";
import { homeClusterLayout } from "#server/core/db/embedded-layout.ts";
import { migrate } from "#server/core/db/migrate.ts";
import {
  deriveRolePasswords,
  LOGIN_ROLES,
  mayCreateRoles,
  provisionRoles,
  type LoginRole,
} from "#server/core/db/roles.ts";
import { withClient } from "#server/core/db/with-client.ts";
import type { Env } from "#server/core/env.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { readOrCreateSecret } from "#server/core/secret-file.ts";
import { countFailures, restartDelayMs } from "./backoff.ts";
import { openLogFile } from "./log-file.ts";
import type { Terminal } from "./terminal.ts";

const NAME = "openclaw:supervisor";

export interface Database {
  connections: Connections;
  /** Process id of the embedded server, for the record. */
  stop(): Promise<void>;
}

interface Source {
  ownerUrl: string;
  urlOf(role: LoginRole): string;
  /** Gives the login roles their passwords. */
  provision(): Promise<void>;
  stop(): Promise<void>;
}

export interface DatabaseOptions {
  env: Env;
  paths: HomePaths;
  terminal: Terminal;
  embedded: boolean;
}

/** Starts or finds the database, brings it to this version, and leaves the connections in the home for the command line. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { env, paths, terminal } = options;
  const source = await openSource(options);
  try {
    const applied = await terminal.step("Database is at this version", () => migrate(source.ownerUrl));
    for (const name of applied) {
      terminal.info(`migration ${name}`);
    }
    await source.provision();
    const connections = {
      ownerUrl: source.ownerUrl,
      appUrl: env.OPENCLAW_DATABASE_URL_APP ?? source.urlOf("app"),
      workerUrl: env.OPENCLAW_DATABASE_URL_WORKER ?? source.urlOf("worker"),
      sealerUrl: env.OPENCLAW_DATABASE_URL_SEALER ?? source.urlOf("sealer"),
    };
    writePrivately(connectionsFile(paths), JSON.stringify(connections));
    return { connections, stop: () => source.stop() };
  } catch (error) {
    await source.stop();
    throw error;
  }
}

async function openSource(options: DatabaseOptions): Promise<Source> {
  const { env } = options;
  if (env.DATABASE_URL !== undefined) {
    return openExternal(env.DATABASE_URL, env);
  }
  if (!options.embedded) {
    throw new AppError(
      "NOT_CONFIGURED",
      "--no-embedded-db needs DATABASE_URL, the connection of a PostgreSQL of your own (14 or newer). Set it, or leave the option out.",
    );
  }
  return openEmbedded(options);
}

async function openExternal(ownerUrl: string, env: Env): Promise<Source> {
  const ownerPassword = decodeURIComponent(new URL(ownerUrl).password);
  const passwords = deriveRolePasswords(ownerPassword);
  const given = [env.OPENCLAW_DATABASE_URL_APP, env.OPENCLAW_DATABASE_URL_WORKER, env.OPENCLAW_DATABASE_URL_SEALER];
  await checkReachable(ownerUrl);
  return {
    ownerUrl,
    urlOf(role) {
      const url = new URL(ownerUrl);
      url.username = LOGIN_ROLES[role];
      url.password = passwords[role];
      return url.href;
    },
    async provision() {
      if (given.every((url) => url !== undefined)) {
        return;
      }
      await withClient(ownerUrl, NAME, async (client) => {
        if (ownerPassword === "" || !(await mayCreateRoles(client))) {
          throw new AppError(
            "NOT_CONFIGURED",
            "The owner in DATABASE_URL may not give the roles openclaw_app, openclaw_worker and openclaw_sealer their passwords. Let an administrator " +
              "do it, then set OPENCLAW_DATABASE_URL_APP, OPENCLAW_DATABASE_URL_WORKER and OPENCLAW_DATABASE_URL_SEALER to their connections.",
          );
        }
        await provisionRoles(client, passwords);
      });
    },
    stop: async () => undefined,
  };
}

async function checkReachable(ownerUrl: string): Promise<void> {
  try {
    await withClient(ownerUrl, NAME, (client) => client.query("SELECT 1"));
  } catch (error) {
    throw new AppError(
      "STORE_UNAVAILABLE",
      `The database in DATABASE_URL cannot be reached: ${messageOf(error)}. Check the address, the name and that it runs.`,
      {
        cause: error,
      },
    );
  }
}

async function openEmbedded({ paths, terminal }: DatabaseOptions): Promise<Source> {
  const ownerPassword = readOrCreateSecret(join(paths.keysDir, "database-owner.key")).toString("hex");
  const layout = homeClusterLayout(paths);
  const log = openLogFile(join(paths.logsDir, "postgres.log"));
  const start = (): Promise<Cluster> => startCluster({ layout, ownerPassword, onLog: (chunk) => log.write(chunk) });
  let cluster = await terminal.step("PostgreSQL is running", start);
  const stopping = new AbortController();
  const passwords = deriveRolePasswords(ownerPassword);

  async function keepRunning(): Promise<void> {
    let failures = 0;
    let startedAt = Date.now();
    while (!stopping.signal.aborted) {
      await cluster.exited;
      if (stopping.signal.aborted) {
        return;
      }
      failures = countFailures(failures, Date.now() - startedAt);
      terminal.warn(
        `PostgreSQL ended by itself; starting it again (details in ${join(paths.logsDir, "postgres.log")})`,
      );
      await delay(restartDelayMs(failures, Math.random()), undefined, { signal: stopping.signal }).catch(
        () => undefined,
      );
      startedAt = Date.now();
      await restart(() => (failures += 1));
    }
  }

  async function restart(countFailure: () => number): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        cluster = await start();
        terminal.info("PostgreSQL is running again");
        return;
      } catch (error) {
        terminal.warn(messageOf(error).split("\n").slice(0, 2).join(" "));
        await delay(restartDelayMs(countFailure(), Math.random()), undefined, { signal: stopping.signal }).catch(
          () => undefined,
        );
      }
    }
  }

  const kept = keepRunning();
  return {
    ownerUrl: cluster.ownerUrl(),
    urlOf: (role) => socketUrl(layout, LOGIN_ROLES[role], passwords[role], DATABASE_NAME),
    provision: () => withClient(cluster.ownerUrl(), NAME, (client) => provisionRoles(client, passwords)),
    async stop() {
      stopping.abort();
      await cluster.stop();
      await kept;
      log.close();
    },
  };
}

/** Complete or not there at all, and readable by its owner only. */
function writePrivately(file: string, text: string): void {
  const draft = `${file}.${process.pid}`;
  const descriptor = openSync(draft, "w", 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
}
