/** A token's secret is shown once and is nowhere afterwards: not in any table, file, log, process or answer of the whole product. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callApi } from "./support/api-client.ts";
import { startProduct, type Part, type Product } from "./support/product.ts";

const MINUTE = 60_000;
let product: Product;
beforeAll(async () => {
  product = await startProduct("{}");
}, 2 * MINUTE);
afterAll(() => product.stop(), MINUTE);

/** The part of a token that only its holder knows. */
const secretOf = (token: string): string => token.slice("ocg_000000000000_".length);

const api = (path: string, token: string, method = "POST", from = "127.0.0.1") =>
  callApi(product.url, path, { method, token, from });

/** Without the workspaces of runs, which are disks of their own and hold programs' files only. */
function* filesBelow(folder: string): Generator<string> {
  for (const name of readdirSync(folder).filter((entry) => entry !== "disks")) {
    const path = join(folder, name);
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts?.isDirectory() === true) {
      yield* filesBelow(path);
    } else if (facts?.isFile() === true) {
      yield path;
    }
  }
}

it(
  "AUTH-1 AUTH-2 AUTH-6 tokens made, rotated, refreshed, mistyped and revoked leave their secrets nowhere",
  async () => {
    const tokens = [product.token];
    const keep = (token: unknown): string => (tokens.push(String(token)), String(token));
    const made = keep(product.cli("gateway", "generate-token", "--role", "admin", "--owner", "canary").stdout.trim());
    await expect.poll(async () => (await api("/api/v1/whoami", made, "GET")).status, { timeout: 3_000 }).toBe(200);
    const refreshed = keep((await api("/api/v1/tokens/refresh", made)).body?.["token"]);
    await expect.poll(async () => (await api("/api/v1/whoami", refreshed, "GET", "127.4.0.1")).status).toBe(200);
    const rotated = keep((await api("/api/v1/tokens/rotate", refreshed)).body?.["token"]);
    keep(product.cli("gateway", "rotate-token", "--owner", "canary").stdout.trim());
    // Mistyped and reused ones are refused and recorded; so is one whose holder puts it into the address.
    await api("/api/v1/whoami", `${rotated}x`, "GET", "127.4.0.2");
    await api("/api/v1/tokens/refresh", made, "POST", "127.4.0.3");
    await callApi(product.url, `/api/v1/whoami?token=${rotated}`, { from: "127.4.0.4" });
    const answers = [
      (await api("/api/v1/tokens?all=true", product.token, "GET")).text,
      (await api("/api/v1/whoami", product.token, "GET")).text,
      product.cli("gateway", "list-tokens", "--all", "--json").stdout,
      product.cli("logs", "audit", "--last", "1h", "--json").stdout,
    ];
    expect(tokens.every((token) => /^ocg_\w{12}_[\w-]{49,}$/.test(token))).toBe(true);
    const secrets = tokens.map(secretOf);
    const holds = (text: string): boolean => secrets.some((secret) => text.includes(secret));

    expect(answers.map((answer) => [answer.length > 50, holds(answer)])).toEqual(answers.map(() => [true, false]));

    const tables = await product.sql<{ name: string }>(
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'pgboss')",
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables) {
      const rows = await product.sql<{ text: string }>(`SELECT t::text AS text FROM ${name} AS t`);
      expect(holds(rows.map(({ text }) => text).join("\n")), name).toBe(false);
    }

    let files = 0;
    for (const file of filesBelow(product.home.home)) {
      files += 1;
      expect(holds(readFileSync(file, "latin1")), file).toBe(false);
    }
    expect(files).toBeGreaterThan(500);

    const commands = spawnSync("ps", ["axww", "-o", "args="], { encoding: "utf8" }).stdout;
    expect(holds(commands)).toBe(false);
    for (const part of ["server", "worker", "sealer", "supervisor"] as const satisfies readonly Part[]) {
      expect(holds(readFileSync(`/proc/${product.pid(part)}/environ`, "latin1")), part).toBe(false);
    }
  },
  2 * MINUTE,
);
