/** The supervisor as a real process: what it refuses, what it brings back, and how it ends. */
import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readConnections } from "#server/core/db/connections.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import { RECORDED } from "../tests/support/audit.ts";
import { createTestDatabase } from "../tests/support/database.ts";

const MAIN = resolve(import.meta.dirname, "main.ts");
/** The gateway alone needs neither the built console nor Docker. */
const GATEWAY = ["--only", "gateway", "--port", "0"];

interface Running {
  process: ChildProcessWithoutNullStreams;
  output(): string;
  /** Resolves once the output holds `text`; rejects when the process ends before. */
  says(text: string): Promise<void>;
  exited: Promise<number | string | null>;
}

let folder: string;
let paths: HomePaths;
const started: Running[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-supervisor-"));
  // The database's account must be able to pass, or the data would be kept outside of the folder.
  chmodSync(folder, 0o711);
  paths = homePaths(join(folder, "home"));
});

afterEach(async () => {
  for (const { process: child, exited } of started.splice(0)) {
    child.kill("SIGTERM");
    await exited;
  }
  rmSync(folder, { recursive: true, force: true });
});

function launch(args: string[], env: Record<string, string> = {}): Running {
  const { DATABASE_URL: _ignored, ...inherited } = process.env;
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...inherited, OPENCLAW_HOME: paths.home, ...env } });
  let output = "";
  let wake: () => void = () => undefined;
  let code: number | string | null = null;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk;
      wake();
    });
  }
  child.stdin.end();
  const exited = new Promise<number | string | null>((done) => {
    child.once("close", (status, signal) => {
      code = status ?? signal;
      wake();
      done(code);
    });
  });
  const running: Running = {
    process: child,
    output: () => output,
    exited,
    async says(text) {
      while (!output.includes(text)) {
        if (code !== null) {
          throw new Error(`the supervisor ended (${code}) before it said "${text}":\n${output}`);
        }
        await new Promise<void>((next) => (wake = next));
      }
    },
  };
  started.push(running);
  return running;
}

async function ready(args = GATEWAY, env: Record<string, string> = {}): Promise<Running> {
  const running = launch(args, env);
  await running.says("Stop with Ctrl-C");
  return running;
}

/** The process id of the child that runs `script`, or undefined. */
function findChild(running: Running, script: string): number | undefined {
  const children = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(running.process.pid)])
    .toString()
    .split("\n");
  const line = children.find((text) => text.includes(script)) ?? "";
  const pid = /^\s*(\d+)/.exec(line)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

function childPid(running: Running, script: string): number {
  const pid = findChild(running, script);
  if (pid === undefined) {
    // A fallback of 0 would make signals reach this very test run.
    throw new Error(`no child runs ${script}`);
  }
  return pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    await delay(20);
  }
}

function healthUrl(running: Running): string {
  return `${/http:\/\/127\.0\.0\.1:\d+/.exec(running.output())?.[0] ?? ""}/readyz`;
}

describe("start", () => {
  it("ends with the address, a token and a curl, and leaves secrets for their owner only", async () => {
    const running = await ready();
    expect(running.output()).toMatch(/Bearer ocg_\w+/);
    expect((await fetch(healthUrl(running))).status).toBe(200);
    expect(statSync(join(paths.keysDir, "database.json")).mode & 0o777).toBe(0o600);
    expect(statSync(join(paths.keysDir, "database-owner.key")).mode & 0o777).toBe(0o600);
    const token = /ocg_\w+/.exec(running.output())?.[0] ?? "";
    const logs = readdirSync(paths.logsDir);
    expect(logs).toEqual(expect.arrayContaining(["postgres.log", "server.log", "supervisor.log"]));
    for (const name of logs) {
      expect(readFileSync(join(paths.logsDir, name), "utf8")).not.toContain(token);
    }
  });

  it("gives each process its own database role and no other connection", async () => {
    const running = await ready();
    const environment = (script: string): string => readFileSync(`/proc/${childPid(running, script)}/environ`, "utf8");
    expect(environment("server/main.ts")).toContain("OPENCLAW_DATABASE_URL=postgresql://openclaw_app:");
    expect(environment("sealer-main.ts")).toContain("OPENCLAW_DATABASE_URL=postgresql://openclaw_sealer:");
    expect(environment("server/main.ts")).not.toContain("openclaw_owner");
    expect(environment("bin/postgres")).not.toContain("PATH=");
  });

  it("hands the secrets that the configuration refers to to the server alone, and the others run with that configuration all the same", async () => {
    ensureHome(paths);
    writeFileSync(
      paths.configFile,
      '{ gateway: { token: "${OPENCLAW_TOKEN}" }, security: { apiKeys: { openai: "${OPENAI_API_KEY}" } } }',
      {
        mode: 0o600,
      },
    );
    const secrets = { OPENCLAW_TOKEN: "Zq8-canary-token-of-the-test-41", OPENAI_API_KEY: "sk-canary-of-the-test" };
    const running = await ready(["--port", "0", "--only", "gateway,worker"], secrets);
    const environment = (script: string): string => readFileSync(`/proc/${childPid(running, script)}/environ`, "utf8");
    expect(environment("server/main.ts")).toContain("sk-canary-of-the-test");
    for (const script of ["sealer-main.ts", "sandbox-worker/main.ts", "bin/postgres"]) {
      expect(environment(script), script).not.toContain("canary");
    }
  });

  it("a second one on the same home names the first and what to do, and exits 1", async () => {
    const first = await ready();
    const second = launch(GATEWAY);
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`already runs on ${paths.home} (pid ${first.process.pid})`);
    expect(second.output()).toContain(`kill ${first.process.pid}`);
    expect((await fetch(healthUrl(first))).status).toBe(200);
  });

  it("prints a first token once in the life of a home", async () => {
    const first = await ready();
    first.process.kill("SIGTERM");
    expect(await first.exited).toBe(0);
    const second = await ready();
    expect(second.output()).not.toContain("ocg_");
    expect(second.output()).toContain("$OPENCLAW_TOKEN");
  });
});

describe("accidents", () => {
  it("brings back a killed server and a killed database", async () => {
    const running = await ready();
    const server = childPid(running, "server/main.ts");
    process.kill(server, "SIGKILL");
    await running.says("server is running again");
    expect(childPid(running, "server/main.ts")).not.toBe(server);
    process.kill(childPid(running, "bin/postgres"), "SIGKILL");
    await running.says("PostgreSQL is running again");
    const { ownerUrl } = readConnections(paths);
    const client = new Client({ connectionString: ownerUrl });
    await client.connect();
    expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    const crashes = await client.query(`SELECT target, data FROM ${RECORDED} AS r WHERE reason = 'process_crashed'`);
    expect(crashes.rows).toContainEqual({
      target: "server",
      data: { how: "signal SIGKILL", restartMs: expect.any(Number) as number },
    });
    await client.end();
  });

  it("killed itself, it takes the processes with it and starts again over what is left", async () => {
    const running = await ready();
    const children = ["server/main.ts", "sealer-main.ts"].map((script) => childPid(running, script));
    running.process.kill("SIGKILL");
    await running.exited;
    await until(() => !children.some(isAlive));
    const again = await ready();
    expect((await fetch(healthUrl(again))).status).toBe(200);
  });

  it("stops when whoever started it through a channel is gone", async () => {
    const child = spawn(process.execPath, [MAIN, ...GATEWAY], {
      env: { ...process.env, OPENCLAW_HOME: paths.home },
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const exited = new Promise<number | null>((done) => child.once("exit", done));
    await new Promise((done) => child.once("message", done));
    child.disconnect();
    expect(await exited).toBe(0);
  });
});

describe("stop", () => {
  it("ends everything in order on SIGTERM, with exit code 0", async () => {
    const running = await ready();
    const pids = ["server/main.ts", "sealer-main.ts", "bin/postgres"].map((script) => childPid(running, script));
    running.process.kill("SIGTERM");
    expect(await running.exited).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it("takes a signal in the middle of a start", async () => {
    const running = launch(GATEWAY);
    // Not the "…" line of a slow start: then there is no server yet.
    await running.says("✓ PostgreSQL is running");
    const postgres = childPid(running, "bin/postgres");
    running.process.kill("SIGINT");
    expect(await running.exited).toBe(0);
    expect(isAlive(postgres)).toBe(false);
  });

  it("stops at once when asked a second time while a process hangs", async () => {
    const running = await ready();
    const server = childPid(running, "server/main.ts");
    process.kill(server, "SIGSTOP");
    running.process.kill("SIGINT");
    await running.says("Stopping");
    await delay(1_100);
    running.process.kill("SIGINT");
    expect(await running.exited).toBe(1);
    expect(isAlive(server)).toBe(false);
  });
});

describe("refusals", () => {
  it("names a port that is taken and the option that changes it", async () => {
    const other: Server = createServer();
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
    const { port } = other.address() as AddressInfo;
    const running = launch(["--only", "gateway", "--port", String(port)]);
    expect(await running.exited).toBe(1);
    expect(running.output()).toContain(`127.0.0.1:${port} is already in use`);
    expect(running.output()).toContain("--port N");
    other.close();
  });

  it("names a home that cannot be used", async () => {
    writeFileSync(join(folder, "home"), "a file where the folder should be");
    const running = launch(GATEWAY);
    expect(await running.exited).toBe(5);
    expect(running.output()).toContain(`The home ${paths.home} cannot be used`);
  });

  it("starts over a damaged pid file", async () => {
    mkdirSync(paths.runDir, { recursive: true });
    writeFileSync(join(paths.runDir, "supervisor.json"), "{damaged");
    expect((await fetch(healthUrl(await ready()))).status).toBe(200);
  });

  it("--no-embedded-db without DATABASE_URL", async () => {
    const running = launch([...GATEWAY, "--no-embedded-db"]);
    expect(await running.exited).toBe(6);
    expect(running.output()).toContain("--no-embedded-db needs DATABASE_URL");
  });

  it("a database that cannot be reached, without showing its password", async () => {
    const running = launch([...GATEWAY, "--no-embedded-db"], { DATABASE_URL: "postgresql://ana:canary@127.0.0.1:1/x" });
    expect(await running.exited).toBe(5);
    expect(running.output()).toContain("DATABASE_URL cannot be reached");
    expect(running.output()).not.toContain("canary");
  });

  it("NET-2 an address other machines reach without TLS, token and origins: names the keys and the one-line fix", async () => {
    mkdirSync(paths.configDir, { recursive: true });
    for (const bind of ["0.0.0.0", "::", "192.0.2.7"]) {
      writeFileSync(paths.configFile, JSON.stringify({ gateway: { bind } }));
      const refused = launch(GATEWAY);
      expect(await refused.exited).toBe(6);
      expect(refused.output()).toMatch(
        /gateway\.bind: .*gateway\.tls.*gateway\.token.*gateway\.allowedOrigins.*openclaw config set gateway\.bind 127\.0\.0\.1/,
      );
      expect(refused.output()).not.toContain("PostgreSQL is running");
    }
  });

  it("a broken configuration, before anything else starts", async () => {
    mkdirSync(paths.configDir, { recursive: true });
    writeFileSync(paths.configFile, "{ gateway: { prot: 1 } }");
    const running = launch(GATEWAY);
    expect(await running.exited).toBe(6);
    expect(running.output()).toContain("gateway.prot");
    expect(running.output()).not.toContain("PostgreSQL");
  });
});

describe("external database", () => {
  it("is used instead of an embedded one", async () => {
    const db = await createTestDatabase();
    const running = await ready([...GATEWAY, "--no-embedded-db"], { DATABASE_URL: db.ownerUrl });
    expect((await fetch(healthUrl(running))).status).toBe(200);
    expect(findChild(running, "bin/postgres")).toBeUndefined();
    running.process.kill("SIGTERM");
    expect(await running.exited).toBe(0);
    await db.drop();
  });

  it("whose owner may not set passwords: says which connections to give", async () => {
    const db = await createTestDatabase();
    const owner = new Client({ connectionString: db.ownerUrl });
    await owner.connect();
    const plain = `plain_${db.name}`;
    await owner.query(
      `CREATE ROLE ${plain} LOGIN PASSWORD 'p'; DROP SCHEMA public CASCADE; DROP SCHEMA pgboss CASCADE; ALTER DATABASE ${db.name} OWNER TO ${plain}`,
    );
    await owner.query(`CREATE SCHEMA public AUTHORIZATION ${plain}`);
    await owner.end();
    const url = new URL(db.ownerUrl);
    url.username = plain;
    url.password = "p";
    const running = launch([...GATEWAY, "--no-embedded-db"], { DATABASE_URL: url.href });
    expect(await running.exited).toBe(6);
    expect(running.output()).toContain("OPENCLAW_DATABASE_URL_APP");
    await db.drop();
  });
});
