/** One child process: started, awaited, restarted when it ends by itself, and stopped with a deadline. */
import { spawn, type ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { AppError } from "#server/core/errors.ts";
import { RUNTIME_FLAGS } from "#server/core/runtime-flags.ts";
import { countFailures, restartDelayMs } from "./backoff.ts";

export interface ManagedProcessOptions {
  name: string;
  script: string;
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  drainMs: number;
  /** Milliseconds until it must have reported ready at the first start. */
  readyWithinMs: number;
  onOutput(stream: "stdout" | "stderr", chunk: string): void;
  /** It ended by itself; `waitMs` until the next start. */
  onCrash(how: string, waitMs: number): void;
  onRestarted(): void;
}

interface ReadyReport {
  /** The port the server listens on. */
  port?: number | undefined;
}

export interface ManagedProcess {
  readonly name: string;
  readonly pid: number | undefined;
  /** Starts it. Resolves when it reports ready; rejects with its own words when it ends before, and then does not restart it. */
  start(): Promise<ReadyReport>;
  /** Keeps trying from the background after a failed start. */
  keepTrying(): void;
  /** SIGTERM, then SIGKILL after the drain time. Resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): void;
}

const Message = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready"), port: z.number().optional() }),
  z.object({ type: z.literal("failed"), message: z.string() }),
]);

const LAST_WORDS_CHARACTERS = 2_000;

interface Running {
  child: ChildProcess;
  ready: Promise<ReadyReport>;
  exited: Promise<string>;
  startedAt: number;
}

export function createManagedProcess(options: ManagedProcessOptions): ManagedProcess {
  let current: Running | null = null;
  let failures = 0;
  const stopping = new AbortController();

  function launch(): Running {
    const running = spawnChild(options);
    current = running;
    return running;
  }

  /** Watches a process that came up (or was given time), and replaces it when it ends. */
  async function watch(running: Running): Promise<void> {
    let watched = running;
    while (!stopping.signal.aborted) {
      const how = await watched.exited;
      if (stopping.signal.aborted) {
        return;
      }
      failures = countFailures(failures, Date.now() - watched.startedAt);
      const waitMs = restartDelayMs(failures, Math.random());
      options.onCrash(how, waitMs);
      await delay(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) {
        return;
      }
      watched = launch();
      watched.ready.then(
        () => options.onRestarted(),
        () => undefined,
      );
    }
  }

  return {
    name: options.name,
    get pid() {
      return current?.child.pid;
    },
    async start() {
      const running = launch();
      const late = delay(options.readyWithinMs, null, { ref: false });
      const report = await Promise.race([running.ready, late]);
      if (report === null) {
        running.child.kill("SIGKILL");
        throw new AppError(
          "TIMEOUT",
          `The ${options.name} process did not get ready within ${options.readyWithinMs / 1000} seconds.`,
        );
      }
      void watch(running);
      return report;
    },
    keepTrying() {
      void watch(current ?? launch());
    },
    async stop() {
      stopping.abort();
      const running = current;
      if (running === null) {
        return;
      }
      running.child.kill("SIGTERM");
      const late = delay(options.drainMs, "late", { ref: false });
      if ((await Promise.race([running.exited, late])) === "late") {
        running.child.kill("SIGKILL");
        await running.exited;
      }
    },
    kill() {
      stopping.abort();
      current?.child.kill("SIGKILL");
    },
  };
}

/** The telling lines of a crash: without the source line, the stack and the runtime's own frame. */
function essence(words: string): string {
  const lines = words.split("\n").map((line) => line.trim());
  const telling = lines.filter(
    (line) => /[a-z]/i.test(line) && !/^(at |node:|throw |Node\.js v|code:|requireStack:)/.test(line),
  );
  return telling.slice(0, 3).join(" ");
}

function spawnChild(options: ManagedProcessOptions): Running {
  const child = spawn(process.execPath, [...RUNTIME_FLAGS, options.script, ...options.args], {
    cwd: options.cwd,
    env: options.env,
    // A process group of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops the others in order.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  let lastWords = "";
  const onData = (stream: "stdout" | "stderr") => (chunk: string) => {
    if (stream === "stderr") {
      lastWords = (lastWords + chunk).slice(-LAST_WORDS_CHARACTERS);
    }
    options.onOutput(stream, chunk);
  };
  child.stdout?.setEncoding("utf8").on("data", onData("stdout"));
  child.stderr?.setEncoding("utf8").on("data", onData("stderr"));
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) =>
      resolve(signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`),
    );
  });
  const ready = new Promise<ReadyReport>((resolve, reject) => {
    child.on("message", (raw) => {
      const message = Message.safeParse(raw);
      if (message.success && message.data.type === "ready") {
        resolve({ port: message.data.port });
      } else if (message.success && message.data.type === "failed") {
        reject(new AppError("INTERNAL", message.data.message));
      }
    });
    void exited.then((how) => {
      reject(
        new AppError(
          "INTERNAL",
          `The ${options.name} process ended at its start (${how}). ${essence(lastWords)}`.trim(),
        ),
      );
    });
  });
  // Somebody may wait for `exited` only.
  ready.catch(() => undefined);
  return { child, ready, exited, startedAt: Date.now() };
}
