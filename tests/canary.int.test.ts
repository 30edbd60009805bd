/**
 * AUD-10 DATA-1 DATA-2 DATA-3 DATA-5: markers in every place where a secret can come in are nowhere afterwards: not in a table, a file of the
 * home, a log, an export, a report, a backup, nor in what processes say when they crash.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { callApi } from "./support/api-client.ts";
import { startProduct, type Product } from "./support/product.ts";
import {
  createFactorSeal,
  createPasswords,
  newRecoveryCodes,
  newTotpSeed,
  replaceRecoveryCodes,
} from "#server/auth/index.ts";
import { openKeyring } from "#server/core/crypto/keyring/index.ts";
import { createDb, withTx } from "#server/core/db/client.ts";
import { readConnections } from "#server/core/db/connections.ts";
import { createPool } from "#server/core/db/pool.ts";

const MINUTE = 60_000;
/** Random, so that nothing else can hold it; with letters that base64, JSON and URLs leave as they are. */
const marker = (name: string): string => `canary${name}${randomBytes(12).toString("hex")}`;

const PROVIDER_KEY = `sk-${marker("provider")}`;
const SHARED_TOKEN = marker("sharedtoken");
const HOOK = marker("hook");
const PROGRAM = marker("program");
const OUTPUT = marker("output");
const INPUT_FILE = marker("inputfile");
const OUTPUT_FILE = marker("outputfile");
const HEADER = marker("header");
const QUERY = marker("query");
const COOKIE = marker("cookie");
const PASSWORD = marker("password");
const TOTP_SEED = newTotpSeed();
const [RECOVERY_CODE = ""] = newRecoveryCodes();
const CANARIES = {
  PROVIDER_KEY,
  SHARED_TOKEN,
  HOOK,
  PROGRAM,
  OUTPUT,
  INPUT_FILE,
  OUTPUT_FILE,
  HEADER,
  QUERY,
  COOKIE,
  PASSWORD,
  TOTP_SEED,
  RECOVERY_CODE,
};

const CONFIG = `{
  // Secrets in the file, plain until "config encrypt".
  gateway: { token: "${SHARED_TOKEN}" },
  security: {
    apiKeys: { anthropic: "${PROVIDER_KEY}" },
    encryption: { messages: { enabled: true }, database: { iterations: 100000 } },
    monitoring: { alerting: { channels: ["webhook"], webhookUrl: "https://hooks.example.com/${HOOK}" } },
  },
}`;

let product: Product;
let exported: string;
beforeAll(async () => {
  product = await startProduct(CONFIG);
  exported = join(product.home.home, "cache", "exported");
  mkdirSync(exported);
  await plant();
}, 3 * MINUTE);
afterAll(() => product.stop(), MINUTE);

function cli(...args: string[]): string {
  const { status, stdout, stderr } = product.cli(...args);
  expect([args.join(" "), status, status === 0 ? "" : stderr]).toEqual([args.join(" "), 0, ""]);
  return stdout + stderr;
}

/** A member as one who has joined and enrolled an authenticator leaves it, through the very code that stores it. */
async function plantMember(): Promise<void> {
  const pool = createPool({ connectionString: readConnections(product.home).appUrl, name: "test", max: 2 });
  const db = createDb(pool);
  try {
    const keyring = await openKeyring(product.home, {}, { iterations: 100_000 });
    const id = "mem_canary";
    const passwordHash = await createPasswords().hash(PASSWORD);
    const totpSecret = createFactorSeal(keyring).sealSeed(id, TOTP_SEED);
    await db.member.create({
      data: { id, email: "canary@example.com", name: "Canary", roleName: "admin", passwordHash, totpSecret },
    });
    await withTx(db, (tx) => replaceRecoveryCodes(tx, id, [RECOVERY_CODE]));
  } finally {
    await db.$disconnect();
    await pool.end();
  }
  cli("admin", "list", "--json");
}

async function plant(): Promise<void> {
  await plantMember();
  cli("config", "encrypt");
  const call = (path: string, options: Parameters<typeof callApi>[2]) => callApi(product.url, path, options);
  // The shared token works encrypted as it did plain.
  await vi.waitFor(async () => expect((await call("/api/v1/whoami", { token: SHARED_TOKEN })).status).toBe(200), {
    timeout: 20_000,
    interval: 250,
  });
  const code = [
    `# ${PROGRAM}`,
    `print("${OUTPUT.slice(0, 6)}" + "${OUTPUT.slice(6)}")`,
    `open("out.txt", "w").write("${OUTPUT_FILE}" + open("in.txt").read())`,
  ].join("\n");
  const run = await call("/api/v1/runs", {
    method: "POST",
    token: product.token,
    body: {
      language: "python",
      code,
      files: [{ path: "in.txt", content: Buffer.from(INPUT_FILE).toString("base64") }],
      outputs: ["out.txt"],
    },
  });
  const runId = String(run.body?.["runId"]);
  await vi.waitFor(
    async () => expect((await call(`/api/v1/runs/${runId}`, { token: product.token })).text).toContain("succeeded"),
    { timeout: MINUTE, interval: 250 },
  );
  // Who may see it still does.
  expect((await call(`/api/v1/runs/${runId}`, { token: product.token })).text).toContain(OUTPUT);
  await call("/api/v1/messages", {
    method: "POST",
    token: product.token,
    body: { text: `/no-such-command ${PROGRAM}` },
  });
  // Refusals that are recorded, with a marker wherever a stranger could put one that is a secret of his.
  await call("/api/v1/whoami", { token: `ocg_000000000000_${HEADER}`, from: "127.6.0.1" });
  await call("/api/v1/whoami", {
    headers: { authorization: `Basic ${HEADER}`, "x-api-key": HEADER },
    from: "127.6.0.2",
  });
  await call(`/api/v1/whoami?token=${QUERY}&access_token=${QUERY}`, { from: "127.6.0.3" });
  await call("/api/v1/whoami", { headers: { cookie: `session=${COOKIE}` }, from: "127.6.0.4" });
  await call("/api/v1/messages", { method: "POST", token: product.token, body: `{"text": "${PROGRAM}` });
  // Crashes: each process in turn.
  for (const part of ["server", "worker", "sealer"] as const) {
    process.kill(product.pid(part), "SIGSEGV");
  }
  await vi.waitFor(async () => expect((await call("/api/v1/whoami", { token: product.token })).status).toBe(200), {
    timeout: MINUTE,
    interval: 250,
  });
  await vi.waitFor(async () => expect(await product.sql("SELECT id FROM audit_intake")).toEqual([]), {
    timeout: MINUTE,
    interval: 250,
  });
}

const found = (text: string): string[] =>
  Object.entries(CANARIES).flatMap(([name, canary]) => (text.includes(canary) ? [name] : []));

function* filesBelow(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const facts = statSync(path, { throwIfNoEntry: false });
    if (facts?.isDirectory() === true) {
      // Workspaces of runs are disks of their own, gone with their run.
      if (name !== "disks") {
        yield* filesBelow(path);
      }
    } else if (facts?.isFile() === true) {
      yield path;
    }
  }
}

describe("AUD-10 #12182 #5995 markers of secrets", () => {
  it("DATA-1 DATA-3 are in no table", async () => {
    const tables = await product.sql<{ name: string }>(
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'pgboss')",
    );
    expect(tables.length).toBeGreaterThan(12);
    for (const { name } of tables) {
      const rows = await product.sql<{ text: string }>(`SELECT t::text AS text FROM ${name} AS t`);
      const texts = rows.map(({ text }) => text).join("\n");
      expect([name, found(texts)]).toEqual([name, []]);
      // bytea columns print as hexadecimal digits.
      const bytes = texts.replaceAll(/\\\\?x([0-9a-f]+)/g, (_, digits: string) =>
        Buffer.from(digits, "hex").toString("latin1"),
      );
      expect([name, found(bytes)]).toEqual([name, []]);
    }
  });

  it(
    "AUD-8 AUD-9 are in no export, report or list",
    () => {
      const outputs = [
        ...["json", "csv", "cef", "ocsf"].map((format) => cli("security", "export-audit", "--format", format)),
        ...["text", "json", "md", "html"].map((format) =>
          cli("security", "report", "--last", "7d", "--format", format),
        ),
        cli("logs", "audit", "--last", "24h", "--limit", "5000", "--json"),
        cli("runs", "list", "--json"),
        cli("admin", "list", "--json"),
        cli("config", "get"),
        cli("config", "get", "security.apiKeys.anthropic"),
        cli("gateway", "list-tokens", "--all", "--json"),
        cli("security", "list-keys", "--json"),
      ];
      outputs.forEach((text, index) => expect([index, text.length > 5, found(text)]).toEqual([index, true, []]));
      outputs.forEach((text, index) => writeFileSync(join(exported, String(index)), text));
    },
    5 * MINUTE,
  );

  it("DATA-2 DATA-4 DATA-5 are in no file of the home: configuration, logs, record, backups, database", () => {
    cli("security", "backup-config", "--full");
    let files = 0;
    for (const file of filesBelow(product.home.home)) {
      files += 1;
      expect([file, found(readFileSync(file, "latin1"))]).toEqual([file, []]);
    }
    expect(files).toBeGreaterThan(500);
    expect(readdirSync(product.home.backupsDir).some((name) => name.endsWith(".ocgbackup"))).toBe(true);
  });

  it("would be found: the same search finds the marker that an answer holds", async () => {
    const listed = await callApi(product.url, "/api/v1/runs", { token: product.token });
    const [first] = (listed.body?.["runs"] ?? []) as { id: string }[];
    const answer = await callApi(product.url, `/api/v1/runs/${first?.id ?? ""}`, { token: product.token });
    expect(found(answer.text)).toEqual(["OUTPUT"]);
  });
});
