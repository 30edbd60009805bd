import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatProblem } from "#server/config/problems.ts";
import { readConfigText } from "#server/config/read.ts";

function told(text: string): string[] {
  return readConfigText(text).problems.map(({ line, column, path, reason }) => `${line}:${column} ${path} ${reason}`);
}

function fixes(text: string): string[] {
  return readConfigText(text).problems.map(({ fix }) => fix);
}

test("MON-5 every problem is told at once, each with its path and line", () => {
  const text = `// a note
{
  gatweay: {},
  gateway: {
    port: "x", token: 5,
    tokenConfig: { expiration: "24x", tokenLength: 15 },
    allowedIps: ["10.0.0.0/8", "somewhere"],
    tls: true,
  },
  security: {
    sandboxing: { docker: { limits: { memory: true, cpu: "-1", processes: 1e6 } } },
    authorization: { users: { ana: {} } },
    rateLimit: { roleLimits: { user: { windowMs: 5, maxRequests: 0 } } },
  },
  logging: { level: "loud", audit: { events: ["gossip"] } },
}`;
  expect(told(text)).toEqual([
    "3:3 gatweay is not a key of the configuration",
    "5:5 gateway.port must be a number",
    "5:16 gateway.token must be text in quotes",
    '6:20 gateway.tokenConfig.expiration must be a duration such as "30s", "24h" or "30d", or a number of milliseconds',
    "6:39 gateway.tokenConfig.tokenLength must be at least 16",
    '7:32 gateway.allowedIps[1] must be an IP address or a CIDR block such as "192.168.1.0/24"',
    "8:5 gateway.tls must be an object { … }",
    '11:39 security.sandboxing.docker.limits.memory must be a size such as "512m", "1g" or "10MB", or a number of bytes',
    '11:53 security.sandboxing.docker.limits.cpu must be a number of processor cores such as "0.5"',
    "11:64 security.sandboxing.docker.limits.processes must be at most 32768",
    "12:31 security.authorization.users.ana.role is required",
    "13:40 security.rateLimit.roleLimits.user.windowMs must be between 1000 and 2678400000",
    "13:53 security.rateLimit.roleLimits.user.maxRequests must be at least 1",
    '15:14 logging.level must be "fatal" or "error" or "warn" or "info" or "debug" or "trace" or "silent"',
    expect.stringMatching(/^15:47 logging\.audit\.events\[0\] must be "authentication" or /),
  ]);
});

describe("an unknown key points to the one that was meant", () => {
  test.each([
    ["{ gatway: {} }", "Did you mean gateway?"],
    ["{ gateway: { prot: 1 } }", "Did you mean gateway.port?"],
    ["{ bind: '127.0.0.1' }", "Did you mean gateway.bind?"],
    ["{ security: { rateLimits: {} } }", "Did you mean security.rateLimit?"],
    [
      "{ channels: { api: { permissions: { blockedUser: [] } } } }",
      "Did you mean channels.api.permissions.blockedUsers?",
    ],
    ["{ logging: { wibble: 1 } }", "Remove it, or use one of: level, audit, security."],
  ])("%s", (text, fix) => expect(fixes(text)).toEqual([fix]));
});

test("keys that are written twice or would reach a prototype are errors", () => {
  expect(told("{\n  gateway: {},\n  gateway: {},\n  __proto__: { port: 1 },\n}")).toEqual([
    "3:3 gateway is written twice, first on line 2",
    "4:3 __proto__ is not a key of the configuration",
  ]);
  expect(Object.prototype).not.toHaveProperty("port");
});

test("AUTHZ-2 names that JavaScript knows are nobody unless the file names them", () => {
  const { config } = readConfigText("{ security: { authorization: { users: { constructor: { role: 'user' } } } } }");
  const users = config?.security.authorization.users ?? {};
  expect(Object.keys(users)).toEqual(["constructor"]);
  expect("toString" in users || "hasOwnProperty" in users).toBe(false);
});

test("no value of the file is repeated in a message", () => {
  const canary = "canary-7f3a9c";
  const text = `{ gateway: { token: ["${canary}"], bind: "${canary}", port: "${canary}" }, security: { apiKeys: { openai: { a: "${canary}" } } } }`;
  const lines = readConfigText(text).problems.map((problem) => formatProblem(problem, "file"));
  expect(lines).toHaveLength(4);
  expect(lines.join("\n")).not.toContain(canary);
});

test("AUTH-11 a reference that can never be filled in is an error, a good one stays as it is", () => {
  expect(told('{ security: { apiKeys: { openai: "${}", google: "${A-B}", anthropic: "${A_B}" } } }')).toEqual([
    "1:26 security.apiKeys.openai holds a reference that is not of the form ${NAME}",
    "1:41 security.apiKeys.google holds a reference that is not of the form ${NAME}",
  ]);
  expect(readConfigText('{ gateway: { token: "${TOKEN}" } }').config?.gateway.token).toBe("${TOKEN}");
});

test("AUTH-8 fewer than 16 bytes of entropy are refused, 16 are not", () => {
  expect(told("{ gateway: { tokenConfig: { tokenLength: 15 } } }")).toHaveLength(1);
  expect(told("{ gateway: { tokenConfig: { tokenLength: 16 } } }")).toEqual([]);
});

test("a file that is no object, or nothing", () => {
  expect(told("[]")).toEqual(["1:1  must be an object { … }"]);
  expect(told("")).toEqual(["1:1  the file is empty"]);
  expect(told("// only a note\n")).toEqual(["1:1  the file is empty"]);
});

test("a file with tens of thousands of problems is told about in bounded time and length", () => {
  const unknown = Array.from({ length: 30_000 }, (_, index) => `k${index}: 1`).join(",\n");
  const twice = Array.from({ length: 30_000 }, () => "port: 1").join(",\n");
  const lines = told(`{ ${unknown}, gateway: { ${twice} } }`);
  expect(lines).toHaveLength(201);
  expect(lines.at(-1)).toBe("1:1  the file has 59799 more problems");
});

test("junk that is shaped like a configuration never throws", () => {
  const key = fc.constantFrom(
    "gateway",
    "security",
    "channels",
    "logging",
    "token",
    "rateLimit",
    "users",
    "docker",
    "limits",
    "x",
    "constructor",
    "__proto__",
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      fc.anything({ maxDepth: 0 }),
      tie("map"),
      fc.array(tie("value"), { maxLength: 3 }),
    ),
    map: fc.dictionary(key, tie("value"), { maxKeys: 6 }),
  }));
  fc.assert(
    fc.property(value, (junk) => {
      const { config, problems } = readConfigText(JSON.stringify(junk) ?? "");
      expect(config === undefined).toBe(problems.length > 0);
    }),
    { numRuns: 500 },
  );
});
