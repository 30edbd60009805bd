/** DATA-6 the master key and the data keys are rotated while the product is at work: nobody notices, nothing becomes unreadable. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callApi } from "./support/api-client.ts";
import { startProduct, type Product } from "./support/product.ts";
import { childEnvironment } from "#server/core/env.ts";

const MINUTE = 60_000;
const CONFIG =
  "{ security: { rateLimit: { enabled: false }, encryption: { messages: { enabled: true }, database: { iterations: 100000 } } } }";
const run = promisify(execFile);
let product: Product;
beforeAll(async () => {
  product = await startProduct(CONFIG);
}, 2 * MINUTE);
afterAll(() => product.stop(), MINUTE);

/** Without holding up the calls that go on meanwhile. */
const cli = (...args: string[]) =>
  run(process.execPath, ["cli/main.ts", ...args], { env: childEnvironment({ OPENCLAW_HOME: product.home.home }) });

const api = (path: string, body?: object) =>
  callApi(product.url, path, { token: product.token, ...(body === undefined ? {} : { method: "POST", body }) });

/** Runs a program that prints `text`. @returns the run's id. */
async function print(text: string): Promise<string> {
  const { body } = await api("/api/v1/messages", { text: `/run sh\necho ${text}` });
  expect(body?.reply?.text).toBe(text);
  return body?.runId ?? "";
}

const printed = async (runId: string): Promise<string> => (await api(`/api/v1/runs/${runId}`)).text;

test(
  "DATA-6 under load, over a crash and a restart",
  async () => {
    const before = await print("before");
    await cli("security", "backup-config", "--full");
    const statuses = new Map<number, number>();
    let isDone = false;
    const load = (async () => {
      while (!isDone) {
        const { status } = await api("/api/v1/messages", { text: "/help" });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    })();
    await cli("security", "rotate-master-key");
    await cli("security", "rotate-data-key");
    const between = await print("between");
    await cli("security", "rotate-master-key", "--iterations", "120000");
    const sealed = await cli("security", "encrypt-data", "--json");
    expect(JSON.parse(sealed.stdout)).toMatchObject({ columns: expect.anything() as unknown });
    isDone = true;
    await load;
    expect([...statuses.keys()]).toEqual([200]);
    expect(statuses.get(200)).toBeGreaterThan(20);

    // Started again by the supervisor, and by a supervisor that starts anew.
    process.kill(product.pid("server"), "SIGKILL");
    await expect.poll(() => printed(before).catch(() => ""), { timeout: MINUTE }).toContain('"before\\n"');
    process.kill(product.pid("supervisor"), "SIGKILL");
    await product.startAgain();
    expect(await printed(before)).toContain('"before\\n"');
    expect(await printed(between)).toContain('"between\\n"');
    await print("after");

    // The backup from before opens with the key that was kept for it.
    const [oldest] = readdirSync(product.home.keysDir)
      .filter((name) => name.startsWith("master-secret.before-"))
      .sort();
    const kept = join(product.home.keysDir, oldest ?? "");
    const restore = [
      "security",
      "restore-backup",
      "latest",
      "--dry-run",
      "--home",
      join(product.home.home, "cache", "new"),
    ];
    await expect(cli(...restore)).rejects.toThrow("does not open");
    expect((await cli(...restore, "--master-key-file", kept)).stdout.length).toBeGreaterThan(20);
    const verified = await cli("security", "verify-audit", "--json");
    expect(JSON.parse(verified.stdout)).toMatchObject({ verdict: "sound" });
  },
  4 * MINUTE,
);
