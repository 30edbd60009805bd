/** The peer gateway that figures are compared with, installed from npm into the cache of this checkout. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../tests/support/free-port.ts";
import { childEnvironment } from "#server/core/env.ts";

const VERSION = "1.15.2";
/** Without these every stream fails: the package's ranges admit versions that do not fit together. */
const OVERRIDES = { "@hono/node-server": "1.13.5", hono: "4.9.7" };
const FOLDER = join(import.meta.dirname, "../../node_modules/.cache/openclaw-bench", `portkey-${VERSION}`);
const ENTRY = join(FOLDER, "node_modules/@portkey-ai/gateway/build/start-server.js");
const READY_WITHIN_MS = 30_000;

export async function startPortkey(): Promise<{ child: ChildProcess; port: number }> {
  if (!existsSync(ENTRY)) {
    mkdirSync(FOLDER, { recursive: true });
    const manifest = { private: true, dependencies: { "@portkey-ai/gateway": VERSION }, overrides: OVERRIDES };
    writeFileSync(join(FOLDER, "package.json"), JSON.stringify(manifest));
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: FOLDER, stdio: "ignore" });
  }
  const port = await freePort();
  const child = spawn(process.execPath, [ENTRY, `--port=${port}`, "--headless"], {
    env: childEnvironment({ NODE_ENV: "production" }),
    stdio: "ignore",
  });
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const isUp = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (isUp) {
      return { child, port };
    }
    await delay(100);
  }
  child.kill();
  throw new Error(`Portkey ${VERSION} did not start`);
}

/** Where it sends calls is said in each of them. */
export const portkeyHeaders = (provider: string): Record<string, string> => ({
  "x-portkey-provider": "openai",
  "x-portkey-custom-host": `${provider}/v1`,
});
