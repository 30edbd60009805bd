/** A real Redis of a test's own, on a free port of this machine, with nothing kept on disk. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "./free-port.ts";

export interface TestRedis {
  port: number;
  /** Address for `REDIS_URL`. */
  url: string;
  /** Ends it at once, as a crash does; what it held is gone. */
  kill(): Promise<void>;
  /** Starts it again, empty, at the same address. @param password default: the one it had before. */
  start(password?: string): Promise<void>;
  /** Holds it (it takes connections and commands, but answers nothing) or lets it go on. */
  freeze(frozen: boolean): void;
  stop(): Promise<void>;
}

interface RedisOptions {
  /** Asked of every client. */
  password?: string;
  /** PEM files; the port then speaks TLS only. */
  tls?: { cert: string; key: string };
}

export async function startRedis({ password, tls }: RedisOptions = {}): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), "openclaw-redis-"));
  const port = await freePort();
  const listen = tls === undefined ? ["--port", String(port)] : ["--port", "0", "--tls-port", String(port)];
  const args = [...listen, "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  if (tls !== undefined) {
    args.push("--tls-cert-file", tls.cert, "--tls-key-file", tls.key, "--tls-auth-clients", "no");
  }
  let server: ChildProcess | undefined;

  async function start(asked = password): Promise<void> {
    const secret = asked === undefined ? [] : ["--requirepass", asked];
    const child = spawn(program(), [...args, ...secret], {
      argv0: "redis-server",
      stdio: ["ignore", "pipe", "inherit"],
    });
    server = child;
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`redis-server ended with code ${code} before it was ready`)));
      createInterface(child.stdout).on("line", (line) => {
        if (line.includes("Ready to accept connections")) {
          resolve();
        }
      });
    });
  }

  async function kill(): Promise<void> {
    if (server !== undefined && server.exitCode === null && server.signalCode === null) {
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
    }
  }

  await start();
  return {
    port,
    url: `${tls === undefined ? "redis" : "rediss"}://${password === undefined ? "" : `:${password}@`}127.0.0.1:${port}`,
    kill,
    start,
    freeze: (frozen) => void server?.kill(frozen ? "SIGSTOP" : "SIGCONT"),
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Debian's `redis-tools` holds the server too, under the name of a tool: which of them it is, the program reads from its name. */
function program(): string {
  return spawnSync("redis-server", ["--version"]).status === 0 ? "redis-server" : "redis-check-rdb";
}
