/** The snippets of the security guide, key by key and value by value as it gives them, one by one and merged. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseJson5 } from "#server/config/json5/parse.ts";
import { valueOf } from "#server/config/json5/value.ts";
import { loadConfig } from "#server/config/load.ts";
import { readConfigText } from "#server/config/read.ts";
import { DAY, HOUR, MINUTE } from "#server/config/units.ts";

const FOLDER = join(import.meta.dirname, "fixtures/guide");
const SNIPPETS = readdirSync(FOLDER).map((name) => ({ name, text: readFileSync(join(FOLDER, name), "utf8") }));

type Tree = Record<string, unknown>;

function merge(into: Tree, from: Tree): Tree {
  for (const [key, value] of Object.entries(from)) {
    const there = into[key];
    into[key] = isTree(there) && isTree(value) ? merge(there, value) : value;
  }
  return into;
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueIn(text: string): Tree {
  const { root } = parseJson5(text);
  const value = root === undefined ? undefined : valueOf(root);
  if (!isTree(value)) {
    throw new Error("the fixture is not an object");
  }
  return value;
}

const merged = JSON.stringify(SNIPPETS.map(({ text }) => valueIn(text)).reduce(merge));

test("there is a fixture for each of the 14 snippets", () => {
  expect(SNIPPETS).toHaveLength(14);
});

test.each(SNIPPETS)("the snippet $name loads as it stands", ({ text }) => {
  expect(readConfigText(text).problems).toEqual([]);
});

describe("all snippets merged", () => {
  const { config } = loadConfig("guide", { text: merged });

  test("load together, in the units the code uses", () => {
    expect(config.gateway.tokenConfig).toEqual({
      expiration: 24 * HOUR,
      refreshEnabled: true,
      maxTokens: 5,
      tokenLength: 32,
    });
    expect(config.security.keyRotation).toEqual({ enabled: true, interval: 30 * DAY, notifyBefore: 7 * DAY });
    expect(config.security.sandboxing.docker.limits).toMatchObject({
      memory: 512 * 1024 ** 2,
      cpu: 0.5,
      disk: 1024 ** 3,
      processes: 10,
    });
    expect(config.security.sandboxing.docker.volumes).toEqual({
      "/workspace": { target: "/workspace", mode: "rw" },
      "/tmp": { target: "/tmp", mode: "rw" },
    });
    expect(config.security.fileSystem.restrictions.maxFileSize).toBe(10 * 1024 ** 2);
    expect(config.security.storage).toMatchObject({
      configPermissions: 0o600,
      logPermissions: 0o640,
      backupRetention: 90 * DAY,
    });
    expect(config.security.rateLimit.perUser).toEqual({
      windowMs: 15 * MINUTE,
      maxRequests: 100,
      skipSuccessfulRequests: true,
      skipFailedRequests: false,
    });
    expect(config.security.authorization.users["user123"]?.restrictions).toEqual({
      maxMessages: 100,
      timeWindow: HOUR,
    });
    expect(config.logging.audit.retention).toBe(365 * DAY);
  });

  test("AUTH-4 NET-2 DATA-1 SBX-8: what the guide shows as an example is named before it runs", () => {
    const { refusals, warnings } = loadConfig("guide", { text: merged });
    expect(refusals.map(({ path }) => path)).toEqual(["gateway.bind", "gateway.token"]);
    const warned = warnings.map(({ path }) => path);
    expect(warned).toContain("security.encryption.database.iterations");
    expect(warned).toContain("security.sandboxing.docker.limits.processes");
  });

  test("the policy sections in it belong to the file", () => {
    expect([...loadConfig("guide", { text: merged }).owned]).toEqual([
      "security.authorization.roles",
      "security.authorization.users",
      "channels",
      "security.rateLimit",
      "security.monitoring.alerting",
    ]);
  });
});

test("NET-1 SBX-1 SBX-3 SBX-4 SBX-8 DATA-1 DATA-3: the defaults without a file", () => {
  const { config, owned, hash } = loadConfig("/nonexistent/openclaw.json5");
  expect(config.gateway).toMatchObject({ bind: "127.0.0.1", port: 18_789, allowedIps: [], tls: { enabled: false } });
  expect(config.security.sandboxing).toMatchObject({
    enabled: true,
    docker: { network: "none", readonly: true, limits: { processes: 64, timeout: MINUTE, output: 1024 ** 2 } },
  });
  expect(config.security.encryption).toMatchObject({ database: { iterations: 600_000 }, messages: { enabled: false } });
  expect(config.security.rateLimit).toMatchObject({
    enabled: true,
    global: { windowMs: 15 * MINUTE, maxRequests: 1000 },
  });
  expect({ owned: owned.size, hash }).toEqual({ owned: 0, hash: "defaults" });
});
