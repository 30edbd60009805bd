/** The whole product as a user starts it: supervisor, embedded PostgreSQL, server, worker and sealer in a home of its own. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client, DatabaseError } from "pg";
import { freePort } from "./free-port.ts";
import { readConnections } from "#server/core/db/connections.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";

export type Part = "server" | "worker" | "sealer" | "postgres" | "supervisor";

const SCRIPTS: Record<Exclude<Part, "postgres" | "supervisor">, string> = {
  server: "server/main.ts",
  worker: "sandbox-worker/main.ts",
  sealer: "server/audit/sealer-main.ts",
};

export interface Product {
  home: HomePaths;
  url: string;
  /** The token of the first start. */
  token: string;
  pid(part: Part): number;
  /** Starts again after the supervisor was killed. */
  startAgain(): Promise<void>;
  /** Runs SQL as the owner on a connection of its own, again until the database answers. */
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  /** The `openclaw` command on this home. */
  cli(...args: string[]): { status: number | null; stdout: string; stderr: string };
  stop(): Promise<void>;
}

/** @param existing a home that has been used before; it keeps its configuration, and no token is printed. */
export async function startProduct(config: string, existing?: HomePaths): Promise<Product> {
  const home = existing ?? homePaths(mkdtempSync(join(tmpdir(), "openclaw-product-")));
  if (existing === undefined) {
    ensureHome(home);
    writeFileSync(home.configFile, config, { mode: 0o600 });
  }
  const port = await freePort();
  let { supervisor, banner } = await launch(home, port);
  const token = existing === undefined ? /ocg_[\w-]+/.exec(banner)?.[0] : "";
  if (token === undefined) {
    throw new Error(`the first start printed no token:\n${banner}`);
  }

  const product: Product = {
    home,
    url: `http://127.0.0.1:${port}`,
    token,
    pid(part) {
      if (part === "supervisor") {
        return supervisor.pid ?? 0;
      }
      if (part === "postgres") {
        return Number(readFileSync(join(home.dataDir, "postgres", "postmaster.pid"), "utf8").split("\n")[0]);
      }
      return childOf(supervisor.pid ?? 0, SCRIPTS[part]);
    },
    async startAgain() {
      ({ supervisor, banner } = await launch(home, port));
    },
    async sql<Row extends object>(text: string, values: unknown[] = []) {
      for (;;) {
        const client = new Client({ connectionString: readConnections(home).ownerUrl });
        client.on("error", () => undefined);
        try {
          await client.connect();
          return (await client.query<Row>(text, values)).rows;
        } catch (error) {
          if (isAnswer(error)) {
            throw error;
          }
          await delay(50);
        } finally {
          await client.end().catch(() => undefined);
        }
      }
    },
    cli(...args) {
      const { status, stdout, stderr } = spawnSync(process.execPath, ["cli/main.ts", ...args], {
        env: environment(home),
        encoding: "utf8",
      });
      return { status, stdout, stderr };
    },
    async stop() {
      await ended(supervisor, "SIGTERM");
      rmSync(home.home, { recursive: true, force: true });
    },
  };
  return product;
}

/** True when the database itself refused the statement; false while it is starting, stopping or gone. */
function isAnswer(error: unknown): boolean {
  return error instanceof DatabaseError && !/^(57P|08)/.test(error.code ?? "");
}

const environment = (home: HomePaths): NodeJS.ProcessEnv => ({
  ...process.env,
  OPENCLAW_HOME: home.home,
  DATABASE_URL: "",
});

async function launch(home: HomePaths, port: number): Promise<{ supervisor: ChildProcess; banner: string }> {
  const args = ["supervisor/main.ts", "--port", String(port), "--only", "gateway,worker"];
  const supervisor = spawn(process.execPath, args, { env: environment(home), stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    const onText = (chunk: Buffer): void => {
      said += chunk.toString();
      if (said.includes("Stop with Ctrl-C")) {
        resolve();
      }
    };
    supervisor.stdout.on("data", onText);
    supervisor.stderr.on("data", onText);
    supervisor.once("exit", (code) => reject(new Error(`the supervisor ended with code ${code}:\n${said}`)));
  });
  return { supervisor, banner: said };
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}

/** The process that runs `script` for this supervisor. */
function childOf(supervisor: number, script: string): number {
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      const parent = /^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1];
      if (Number(parent) === supervisor && command.includes(script)) {
        return Number(name);
      }
    } catch {
      // Gone since the folder was read.
    }
  }
  throw new Error(`no process of ${supervisor} runs ${script}`);
}
