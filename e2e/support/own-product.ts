/** A product of a test's own, for what can happen once in the life of an installation. */
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, type APIRequestContext } from "@playwright/test";
import { freePort } from "../../tests/support/free-port.ts";

export interface OwnProduct {
  origin: string;
  /** Its command line, with `--json`. */
  openclaw<T>(...args: string[]): Promise<T>;
  stop(): Promise<void>;
}

const START_MS = 90_000;

export async function startOwnProduct(request: APIRequestContext): Promise<OwnProduct> {
  const home = join(tmpdir(), `openclaw-e2e-${randomUUID()}`);
  const port = String(await freePort());
  const env = { ...process.env, E2E_HOME: home, E2E_PORT: port };
  const product = spawn(process.execPath, ["e2e/support/product.ts"], { env, stdio: "ignore" });
  const ended = new Promise((resolve) => product.once("exit", resolve));
  const origin = `http://127.0.0.1:${port}`;
  const isReady = async (): Promise<boolean> => {
    const answer = await request.get(`${origin}/readyz`).catch(() => null);
    return answer?.ok() ?? false;
  };
  await expect.poll(isReady, { timeout: START_MS }).toBe(true);
  return {
    origin,
    async openclaw<T>(...args: string[]) {
      const options = { env: { ...process.env, OPENCLAW_HOME: home } };
      const { stdout } = await promisify(execFile)(process.execPath, ["cli/main.ts", ...args, "--json"], options);
      return JSON.parse(stdout) as T;
    },
    async stop() {
      product.kill("SIGTERM");
      await ended;
    },
  };
}
