/** A real worker process on a database of its own, and the gateway's side of it. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import type { Pool } from "pg";
import { systemClock } from "#server/core/clock.ts";
import { createDb, type Db } from "#server/core/db/client.ts";
import { childEnvironment } from "#server/core/env.ts";
import { openNotifyHub } from "#server/core/db/notify.ts";
import { createPool } from "#server/core/db/pool.ts";
import { createLogger } from "#server/core/log.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import { createRunWatcher, openRunQueue, submitRun, type RunWatcher, type SubmitDeps } from "#server/sandbox/index.ts";
import type { Language, RunRequestInput, RunView } from "#server/sandbox/schema.ts";
import { LABEL } from "#worker/container-spec.ts";
import { createLoopDisks } from "#worker/loop-disks.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";
import { openTestRunSeal } from "../../tests/support/run-seal.ts";

export const docker = new Docker();

type BenchDatabase = Pick<TestDatabase, "appUrl" | "ownerUrl" | "workerUrl" | "drop">;

export interface SandboxBench {
  db: Db;
  /** As the owner: tests look everywhere. */
  owner: Pool;
  deps: SubmitDeps;
  watcher: RunWatcher;
  home: HomePaths;
  /** The worker's connection to the database. */
  workerUrl: string;
  /** Starts a worker process and waits until it is ready. */
  startWorker(options?: WorkerOptions): Promise<ChildProcess>;
  configure(config: object): void;
  submit(language: Language, code: string, more?: Partial<RunRequestInput>): Promise<string>;
  /** Submits and waits for the end. */
  run(language: Language, code: string): Promise<RunView>;
  events(target: string): Promise<{ event: string; outcome: string; reason: string | null }[]>;
  /** Containers that this bench's runs have or had, whatever their state. */
  containers(): Promise<Docker.ContainerInfo[]>;
  /** Containers its workers made ahead that no run has had. */
  pooled(): Promise<Docker.ContainerInfo[]>;
  close(): Promise<void>;
}

interface WorkerOptions {
  dockerHost?: string;
  /** Folder of the database's socket; default: where it is. */
  databaseFolder?: string;
}

/** @param given a database of another cluster; default: a fresh one of the shared test cluster. */
export async function openBench(given?: BenchDatabase): Promise<SandboxBench> {
  const log = createLogger("test", "silent");
  const database = given ?? (await createTestDatabase());
  const pool = createPool({ connectionString: database.appUrl, name: "test-app", max: 4 });
  const owner = createPool({ connectionString: database.ownerUrl, name: "test-owner", max: 2 });
  const db = createDb(pool);
  const hub = await openNotifyHub(database.appUrl, "test", log);
  const boss = await openRunQueue({ connectionString: database.appUrl, name: "test", log });
  const home = homePaths(mkdtempSync(join(tmpdir(), "openclaw-sandbox-")));
  ensureHome(home);
  const { runSeal } = await openTestRunSeal(home.keysDir);
  const watcher = await createRunWatcher({ db, runSeal }, hub);
  const workers = new Set<ChildProcess>();
  const deps = { db, boss, runSeal, clock: systemClock };

  async function ofThisBench() {
    const all = await docker.listContainers({
      all: true,
      filters: JSON.stringify({ label: [`${LABEL.sandbox}=1`] }),
    });
    const { rows } = await owner.query<{ id: string; container_id: string | null }>("SELECT id, container_id FROM run");
    const workers = await owner.query<{ id: string }>(
      "SELECT id FROM worker_node UNION SELECT data->>'workerId' FROM run_event WHERE kind = 'started'",
    );
    const runs = new Set(rows.flatMap(({ id, container_id }) => [id, container_id ?? id]));
    const ids = new Set(workers.rows.map(({ id }) => id));
    const used = all.filter(({ Id, Labels }) => runs.has(Labels[LABEL.run] ?? "") || runs.has(Id));
    const waiting = all.filter(
      (one) => LABEL.pool in one.Labels && ids.has(one.Labels[LABEL.worker] ?? "") && !used.includes(one),
    );
    return { used, waiting };
  }

  const submit: SandboxBench["submit"] = async (language, code, more = {}) => {
    const request: RunRequestInput = {
      language,
      code,
      principalId: "token:test",
      roleName: "admin",
      channel: "api",
      requestId: "req_test",
      ...more,
    };
    const { runId } = await submitRun(deps, request, [
      { event: "run.queued", outcome: "ok", actor: { type: "token", id: "test" } },
    ]);
    return runId;
  };

  return {
    db,
    owner,
    deps,
    watcher,
    home,
    workerUrl: database.workerUrl,
    submit,
    run: async (language, code) => watcher.waitForEnd(await submit(language, code), { timeoutMs: 50_000 }),
    configure: (config) => writeFileSync(home.configFile, JSON.stringify(config), { mode: 0o600 }),

    async startWorker(options = {}) {
      const child = fork("sandbox-worker/main.ts", [], {
        env: childEnvironment({
          OPENCLAW_HOME: home.home,
          OPENCLAW_DATABASE_URL:
            options.databaseFolder === undefined
              ? database.workerUrl
              : database.workerUrl.replace(/host=[^&]+/, `host=${encodeURIComponent(options.databaseFolder)}`),
          OPENCLAW_LOG_LEVEL: "error",
          DOCKER_HOST: options.dockerHost ?? "unix:///var/run/docker.sock",
        }),
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      });
      workers.add(child);
      const ended = once(child, "exit").then(() => Promise.reject(new Error("The worker ended before it was ready")));
      await Promise.race([once(child, "message"), ended]);
      ended.catch(() => undefined);
      return child;
    },

    async events(target) {
      const { rows } = await owner.query<{ event: string; outcome: string; reason: string | null }>(
        `SELECT event, outcome, reason FROM ${RECORDED} AS record WHERE target = $1 ORDER BY n`,
        [target],
      );
      return rows;
    },

    containers: async () => (await ofThisBench()).used,
    pooled: async () => (await ofThisBench()).waiting,

    async close() {
      await Promise.all([...workers].map((child) => endProcess(child, "SIGTERM")));
      // A worker that was killed in the middle of making a disk may have finished making it; no worker comes after it here.
      const folder = join(home.cacheDir, "disks");
      await createLoopDisks({ docker, folder, workerId: "", instanceId: "none", spare: 0, log }).reap(() => false);
      watcher.close();
      await hub.close();
      await boss.stop({ graceful: false });
      await db.$disconnect();
      await Promise.all([pool.end(), owner.end()]);
      await database.drop();
      rmSync(home.home, { recursive: true, force: true });
    },
  };
}

export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}

/** Waits until `seen` answers true; for states that show in a database or an engine. */
export async function until(what: string, seen: () => Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await seen())) {
    if (Date.now() > deadline) {
      throw new Error(`Did not happen within ${timeoutMs} ms: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
