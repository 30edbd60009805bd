/** Starts everything a gateway needs in order, keeps it running, and stops it in the opposite order. */
import { join, resolve } from "node:path";
import {
  assertSafe,
  assertStorage,
  assertTlsFiles,
  configuredPaths,
  loadConfig,
  secretOpener,
} from "#server/config/index.ts";
import { homeDirectory, readEnv } from "#server/core/env.ts";
import { AppError, messageOf } from "#server/core/errors.ts";
import { gatewayOrigin } from "#server/core/http/web-origin.ts";
import { homePaths, type HomePaths } from "#server/core/paths.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { ProcessLock } from "#server/core/process-lock.ts";
import { openBackupSchedule } from "./backups.ts";
import type { BackupSchedule } from "./backup-schedule.ts";
import { readyBanner } from "./banner.ts";
import { createLineCleaner, createLineFilter } from "./child-log.ts";
import { openDatabase, type Database } from "./database.ts";
import { takeHome } from "./home.ts";
import { checkHomeFiles } from "./home-files.ts";
import { askSecret } from "./ask-secret.ts";
import { unlockKeys } from "./keys.ts";
import { DEFAULT_RULES, openLogFile, type LogFile } from "./log-file.ts";
import { createManagedProcess, type ManagedProcess } from "./managed-process.ts";
import type { StartOptions } from "./options.ts";
import { processEnvironment } from "./process-environment.ts";
import { planProcesses, STOP_ORDER, type ProcessName, type ProcessPlan } from "./parts.ts";
import { recordCrash } from "./record-crash.ts";
import { createTerminal } from "./terminal.ts";
import { prepareWelcome } from "./welcome.ts";

export interface Supervisor {
  /** Starts everything and shows the banner. */
  start(): Promise<void>;
  /** Drains and stops everything in order. Can be called at any time and more than once. */
  stop(): Promise<void>;
  /** Ends the processes at once; the database still stops cleanly. */
  stopNow(): Promise<void>;
}

const PROJECT = resolve(import.meta.dirname, "..");
const READY_WITHIN_MS = 60_000;
const TIDY_EVERY_MS = 24 * 60 * 60 * 1000;

export function createSupervisor(options: StartOptions, out: (text: string) => void): Supervisor {
  const startedAt = Date.now();
  let env = readEnv();
  const paths = configuredPaths(
    homePaths(options.home ?? homeDirectory(env), options.configFile ?? env.OPENCLAW_CONFIG),
  );
  let logRules = DEFAULT_RULES;
  const rules = () => logRules;
  const log = openLogFile(join(paths.logsDir, "supervisor.log"), {
    rules,
    onError: (error) => out(`  ! cannot write ${paths.logsDir}: ${messageOf(error)}\n`),
  });
  const terminal = createTerminal(out, log);
  const logs: LogFile[] = [log];
  const processes = new Map<ProcessName, ManagedProcess>();
  let lock: ProcessLock | null = null;
  let database: Database | null = null;
  let opening: Promise<Database> | null = null;
  let backups: BackupSchedule | null = null;
  let stopped: Promise<void> | null = null;

  async function start(): Promise<void> {
    lock = takeHome(paths);
    const loaded = loadConfig(paths.configFile);
    assertSafe(paths.configFile, loaded);
    assertTlsFiles(loaded.config, paths);
    assertStorage(loaded.config, paths);
    checkHomeFiles(paths, loaded.config, env, terminal);
    const { logPermissions, logRetention } = loaded.config.security.storage;
    logRules = { mode: logPermissions, retentionMs: logRetention };
    log.tidy();
    setInterval(() => logs.forEach((file) => file.tidy()), TIDY_EVERY_MS).unref();
    if (options.askMasterKey) {
      env = { ...env, OPENCLAW_MASTER_KEY: await askSecret("Master key", process.stdin, out) };
    }
    const { iterations } = loaded.config.security.encryption.database;
    const keyring = await unlockKeys({ paths, env, iterations, terminal });
    // Once more with what is encrypted in it.
    assertSafe(paths.configFile, loadConfig(paths.configFile, { open: secretOpener(keyring) }));
    opening = openDatabase({ env, paths, terminal, embedded: options.embeddedDatabase });
    database = await opening;
    refuseWhenStopping();
    const running = database;
    const reports = await Promise.all(planProcesses(options.only).map((plan) => startProcess(plan, running, keyring)));
    refuseWhenStopping();
    await showBanner(running, reports.find((report) => report?.port !== undefined)?.port);
    refuseWhenStopping();
    backups = openBackupSchedule({
      project: PROJECT,
      paths,
      options,
      env,
      ownerUrl: running.connections.ownerUrl,
      terminal,
    });
  }

  function refuseWhenStopping(): void {
    if (stopped !== null) {
      throw new AppError("CONFLICT", "Stopped before everything had started.");
    }
  }

  async function startProcess(
    plan: ProcessPlan,
    { connections }: Database,
    keyring: Keyring,
  ): Promise<{ port?: number | undefined } | null> {
    const urls = { app: connections.appUrl, worker: connections.workerUrl, sealer: connections.sealerUrl };
    let cameUp = false;
    const managed = createManagedProcess({
      ...plan,
      cwd: PROJECT,
      env: processEnvironment(plan, { databaseUrl: urls[plan.databaseRole], paths, options, keyring }),
      readyWithinMs: READY_WITHIN_MS,
      onOutput: outputOf(plan.name, () => cameUp),
      onCrash: (how, waitMs) => {
        terminal.warn(`${plan.name} ended (${how}); starting it again in ${(waitMs / 1000).toFixed(1)} s`);
        recordCrash(connections.appUrl, { name: plan.name, how, restartMs: waitMs }).catch((error: unknown) =>
          terminal.warn(`the end of ${plan.name} could not be recorded: ${messageOf(error)}`),
        );
      },
      onRestarted: () => terminal.info(`${plan.name} is running again`),
    });
    processes.set(plan.name, managed);
    try {
      const report = await terminal.step(`${LABELS[plan.name]} is running`, () => managed.start());
      cameUp = true;
      return report;
    } catch (error) {
      if (plan.essential) {
        throw explain(error, options, paths);
      }
      if (stopped !== null) {
        return null;
      }
      terminal.warn(
        `${messageOf(error)} It is tried again in the background; details in ${join(paths.logsDir, `${plan.name}.log`)}`,
      );
      managed.keepTrying();
      return null;
    }
  }

  /** What a process says before it came up is part of the error its start ends with. */
  function outputOf(name: ProcessName, cameUp: () => boolean): (stream: "stdout" | "stderr", chunk: string) => void {
    const file = openLogFile(join(paths.logsDir, `${name}.log`), { rules });
    file.tidy();
    const cleaners = { stdout: createLineCleaner(), stderr: createLineCleaner() };
    logs.push({
      ...file,
      close() {
        file.write(cleaners.stdout.end() + cleaners.stderr.end());
        file.close();
      },
    });
    const filters = {
      stdout: createLineFilter({ verbose: options.verbose, showPlain: false, now: Date.now }),
      stderr: createLineFilter({ verbose: options.verbose, showPlain: true, now: Date.now }),
    };
    return (stream, chunk) => {
      file.write(cleaners[stream].take(chunk));
      for (const line of filters[stream].take(chunk)) {
        if (cameUp() || options.verbose) {
          terminal.show(`  ${name}: ${line}`);
        }
      }
    };
  }

  async function showBanner({ connections }: Database, port: number | undefined): Promise<void> {
    const names = new Set(options.only);
    const [withConsole, withGateway] = [
      names.size === 0 || names.has("console"),
      names.size === 0 || names.has("gateway"),
    ];
    const welcome = await prepareWelcome({ appUrl: connections.appUrl, paths, withConsole, withGateway });
    const facts = {
      ...welcome,
      origin: port === undefined ? null : originOf(paths, port),
      withGateway,
      home: paths.home,
    };
    terminal.show(readyBanner({ ...facts, seconds: (Date.now() - startedAt) / 1000 }));
    log.write(`${new Date().toISOString()} info ready\n`);
  }

  async function stopAll(): Promise<void> {
    await backups?.stop();
    for (const name of STOP_ORDER) {
      await processes.get(name)?.stop();
    }
    const open = database ?? (await opening?.catch(() => null));
    await open?.stop();
    if (lock !== null) {
      terminal.info("stopped");
    }
    for (const file of logs) {
      file.close();
    }
    lock?.release();
    lock = null;
  }

  return {
    start,
    stop() {
      stopped ??= stopAll();
      return stopped;
    },
    async stopNow() {
      for (const managed of processes.values()) {
        managed.kill();
      }
      stopped ??= stopAll();
      await stopped;
    },
  };
}

const LABELS: Record<ProcessName, string> = { server: "Server", worker: "Sandbox worker", sealer: "Audit sealer" };

function originOf(paths: HomePaths, port: number): string {
  const { gateway } = loadConfig(paths.configFile).config;
  return gatewayOrigin(gateway, port).canonical;
}

/** Start errors a person can do something about, in words that say what. */
function explain(error: unknown, options: StartOptions, paths: HomePaths): unknown {
  const text = messageOf(error);
  if (text.includes("EADDRINUSE")) {
    const where = /\S+:\d+/.exec(text)?.[0] ?? `port ${options.port ?? "of the configuration"}`;
    return new AppError(
      "CONFLICT",
      `${where} is already in use by another program. Choose another port: npm start -- --port N, or gateway.port in ${paths.configFile}.`,
      { cause: error },
    );
  }
  if (text.includes("EACCES") && text.includes("listen")) {
    return new AppError(
      "NOT_CONFIGURED",
      `This user may not listen on that port (${text}). Choose one above 1023: npm start -- --port N.`,
      { cause: error },
    );
  }
  return error;
}
