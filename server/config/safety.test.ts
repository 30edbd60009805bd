import { describe, expect, test } from "vitest";
import { parseJson5 } from "#server/config/json5/parse.ts";
import { nodeAt } from "#server/config/json5/value.ts";
import { formatPath } from "#server/config/path.ts";
import { readConfigText } from "#server/config/read.ts";
import { safetyFindings } from "#server/config/safety.ts";
import { isLoopback } from "#server/config/safety/network.ts";
import { weakTokenReason } from "#server/config/safety/token.ts";

const STRONG = "k3Zt9QwLx7VbN2mRf8Yc5HjP";

function findings(text: string, environment: Record<string, string> = {}): string[] {
  const { config, problems } = readConfigText(text);
  if (config === undefined) {
    throw new Error(JSON.stringify(problems));
  }
  const { root } = parseJson5(text);
  return safetyFindings(config, {
    lookup: (variable) => environment[variable],
    isWritten: (path) => nodeAt(root, path) !== undefined,
  }).map(({ severity, path }) => `${severity} ${formatPath(path)}`);
}

test("the defaults are safe and give no warning", () => {
  expect(findings("{}")).toEqual([]);
});

describe("NET-2 an address that others can reach", () => {
  const open = (rest: string): string => `{ gateway: { bind: "0.0.0.0", ${rest} } }`;
  const token = `token: "${STRONG}"`;
  const tls = 'tls: { enabled: true, cert: "/c.pem", key: "/k.pem" }';
  const origins = 'allowedOrigins: ["https://gateway.test"]';

  test.each([
    ["TLS", `${token}, ${origins}`],
    ["a token", `${tls}, ${origins}`],
    ["origins", `${tls}, ${token}`],
    ["anything", ""],
  ])("is refused without %s", (_, rest) => expect(findings(open(rest))).toEqual(["error gateway.bind"]));

  test("is accepted with all three", () => expect(findings(open(`${tls}, ${token}, ${origins}`))).toEqual([]));

  test("needs a named proxy where TLS ends in front of the gateway", () => {
    const proxied = "tls: { terminatedByProxy: true }";
    expect(findings(open(`${proxied}, ${token}, ${origins}`))).toEqual([
      "error gateway.bind",
      "error gateway.tls.terminatedByProxy",
    ]);
    const named = findings(open(`${proxied}, ${token}, ${origins}, trustedProxies: ["10.0.0.7"]`));
    expect(named.filter((finding) => finding.startsWith("error"))).toEqual([]);
    expect(named).toContain("warning gateway.tls.terminatedByProxy");
  });

  test.each(["::", "192.168.1.5", "fe80::1", "::ffff:10.0.0.1"])("%s is one", (bind) => {
    expect(findings(`{ gateway: { bind: "${bind}" } }`)).toEqual(["error gateway.bind"]);
  });

  test.each(["127.0.0.1", "127.1.2.3", "::1", "localhost", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"])(
    "%s is none",
    (address) => expect(isLoopback(address)).toBe(true),
  );
});

describe("NET-4 sources and proxies", () => {
  const allowed = (list: string): string[] => findings(`{ gateway: { allowedIps: [${list}] } }`);
  const proxies = (list: string): string[] => findings(`{ gateway: { trustedProxies: [${list}] } }`);

  test("a list that leaves out this machine is pointed out", () => {
    expect(allowed('"10.0.0.0/8"')).toEqual(["warning gateway.allowedIps"]);
    expect(allowed('"10.0.0.0/8", "127.0.0.1"')).toEqual([]);
    expect(allowed('"::1"')).toEqual([]);
  });

  test.each(["0.0.0.0/0", "::/0", "0.0.0.0/1", "8.0.0.0/7", "2000::/3", "::ffff:0:0/96", "::/80"])(
    "CVE-2026-35656 %s cannot be trusted as a proxy",
    (block) => expect(proxies(`"10.0.0.7", "${block}"`)).toEqual(["error gateway.trustedProxies[1]"]),
  );

  test.each(["10.0.0.0/8", "fc00::/7", "::ffff:10.0.0.0/104", "192.168.1.7", "::1"])("%s can", (block) =>
    expect(proxies(`"${block}"`)).toEqual([]),
  );
});

describe("AUTH-4 the shared token", () => {
  test.each([
    ["your-secure-token-here", "placeholder"],
    ["your-generated-token", "placeholder"],
    ["CHANGE_ME_CHANGE_ME_CHANGE_ME", "placeholder"],
    ["<put a long random token in here>", "placeholder"],
    ["   ", "blank"],
    ["k3Zt9QwLx7VbN2mRf8Yc5Hj", "shorter than 24"],
    ["aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "different characters"],
    ["k3Zt9QwLx7 VbN2mRf8Yc5HjP", "space"],
  ])("%j is refused by name", (token, reason) => {
    expect(weakTokenReason(token)).toContain(reason);
    expect(findings(`{ gateway: { token: "${token}" } }`)).toEqual(["error gateway.token"]);
  });

  test("a random one of 24 characters will do", () =>
    expect(findings(`{ gateway: { token: "${STRONG}" } }`)).toEqual([]));

  test("AUTH-11 is judged by what its reference stands for", () => {
    const text = '{ gateway: { token: "${GATEWAY_TOKEN}" } }';
    expect(findings(text, { GATEWAY_TOKEN: STRONG })).toEqual([]);
    expect(findings(text, { GATEWAY_TOKEN: "short" })).toEqual(["error gateway.token"]);
    expect(findings(text)).toEqual(["error gateway.token"]);
  });
});

describe("AUTHZ-4 authorization switched off", () => {
  const off = "security: { authorization: { enabled: false } }";
  test("warns on loopback", () => expect(findings(`{ ${off} }`)).toEqual(["warning security.authorization.enabled"]));
  test("is refused elsewhere", () => {
    expect(findings(`{ gateway: { bind: "10.0.0.1" }, ${off} }`)).toContain("error security.authorization.enabled");
  });
});

describe("the sandbox", () => {
  const docker = (settings: string): string[] => findings(`{ security: { sandboxing: { docker: { ${settings} } } } }`);
  const base = "security.sandboxing.docker";

  test.each([
    ["SBX-3", 'network: "host"', `error ${base}.network`],
    ["SBX-3", 'network: "HOST", allowNetwork: true', `error ${base}.network`],
    ["SBX-3", 'network: "container:abc", allowNetwork: true', `error ${base}.network`],
    ["SBX-3", 'network: "bridge"', `error ${base}.network`],
    ["SBX-3", 'network: "bridge", allowNetwork: true', `warning ${base}.network`],
    ["SBX-4", "readonly: false", `warning ${base}.readonly`],
    ["SBX-8", "limits: { processes: 15 }", `warning ${base}.limits.processes`],
    ["SBX-8", 'runtime: "runsc", limits: { processes: 64 }', `error ${base}.limits.processes`],
    ["SBX-9", 'volumes: { "/var/run/docker.sock": "/workspace:rw" }', `error ${base}.volumes["/var/run/docker.sock"]`],
    ["SBX-9", 'volumes: { "/workspace/../etc": "/workspace:rw" }', `error ${base}.volumes["/workspace/../etc"]`],
    ["SBX-9", 'volumes: { "/srv/data": "/mnt/data:rw" }', `error ${base}.volumes["/srv/data"]`],
    ["SBX-9", 'volumes: { "/etc": "/mnt/etc:ro" }', `error ${base}.volumes["/etc"]`],
    ["SBX-10", 'securityOpt: ["seccomp:unconfined"]', `error ${base}.securityOpt`],
    ["SBX-10", 'securityOpt: ["no-new-privileges:false"]', `error ${base}.securityOpt`],
    ["SBX-11", 'user: "root"', `error ${base}.user`],
    ["SBX-11", 'group: "0"', `error ${base}.group`],
  ])("%s %s", (_, settings, finding) => expect(docker(settings)).toEqual([finding]));

  test("SBX-1 SBX-8 a profile is judged as its runs will be, and only for what it adds", () => {
    const profiles = 'profiles: { strong: { runtime: "runsc" }, large: { limits: { memory: "1g" } } }';
    expect(findings(`{ security: { sandboxing: { ${profiles} } } }`)).toEqual([
      "error security.sandboxing.profiles.strong.limits.processes",
    ]);
  });

  test.each([
    'network: "none"',
    "limits: { processes: 16 }",
    'volumes: { "/workspace": "/workspace:rw", "/tmp": "/tmp:rw" }',
    'volumes: { "/srv/data": "/mnt/data:ro", "~/data": "/mnt/mine:ro" }',
    'securityOpt: ["no-new-privileges:true", "seccomp:default"], user: "nobody", group: "nogroup"',
  ])("accepts %s", (settings) => expect(docker(settings)).toEqual([]));

  test("SBX-1 switched off says that runs are refused", () => {
    expect(findings("{ security: { sandboxing: { enabled: false } } }")).toEqual([
      "warning security.sandboxing.enabled",
    ]);
  });
});

describe("rights that match nothing or contradict each other", () => {
  test("AUTHZ-2 AUTHZ-3 RATE-4 a role that the file does not define", () => {
    const text = `{
      security: {
        authorization: { roles: { user: {} }, users: { ana: { role: "usr" }, bo: { role: "user" } } },
        rateLimit: { roleLimits: { admn: { maxRequests: 1 }, user: { maxRequests: 1 } } },
      },
      channels: { api: { permissions: { allowedRoles: ["user", "gone"] } } },
    }`;
    expect(findings(text)).toEqual([
      "warning security.authorization.users.ana.role",
      "warning channels.api.permissions.allowedRoles[1]",
      "warning security.rateLimit.roleLimits.admn",
    ]);
  });

  test("AUTHZ-3 a name that is allowed and blocked, and a channel that allows nobody", () => {
    const text = `{ channels: {
      a: { permissions: { allowedUsers: ["x", "y"], blockedUsers: ["y"], commands: { allowed: ["ask"], blocked: ["ask"] } } },
      b: {},
    } }`;
    expect(findings(text)).toEqual([
      "warning channels.a.permissions.allowedUsers[1]",
      "warning channels.a.permissions.commands.allowed[0]",
      "warning channels.b.permissions",
    ]);
  });

  test("AUTHZ-1 AUTHZ-2 AUTHZ-3 names that no message can bear, whose rules would never apply", () => {
    const text = `{
      channels: { Slack: { permissions: { allowedRoles: ["user"], blockedUsers: ["Ana Admin", "ok"], commands: { blocked: ["Config", "/run", "ask", "*"] } } } },
      security: { authorization: {
        roles: { user: { permissions: ["read"], channels: ["*", "WhatsApp"], commands: ["*", "/help"] } },
        users: { "slack:U1": { role: "user" }, "@ana": { role: "user", channels: ["a b"] } },
      } },
    }`;
    expect(findings(text)).toEqual([
      "warning security.authorization.roles.user.channels[1]",
      "warning security.authorization.roles.user.commands[1]",
      'warning security.authorization.users["@ana"]',
      'warning security.authorization.users["@ana"].channels[0]',
      "warning channels.Slack",
      "warning channels.Slack.permissions.blockedUsers[0]",
      "warning channels.Slack.permissions.commands.blocked[0]",
      "warning channels.Slack.permissions.commands.blocked[1]",
    ]);
  });

  test("RATE-2 a user limit that does not say whether successes count", () => {
    const limit = (rest: string): string => `{ security: { rateLimit: { perUser: { maxRequests: 5${rest} } } } }`;
    expect(findings(limit(""))).toEqual(["warning security.rateLimit.perUser"]);
    expect(findings(limit(", skipSuccessfulRequests: false"))).toEqual([]);
  });
});

test("AUTH-12 a notice that would come before the key exists", () => {
  const text = '{ security: { keyRotation: { interval: "7d", notifyBefore: "7d" } } }';
  expect(findings(text)).toContain("error security.keyRotation.notifyBefore");
});

test("DATA-1 DATA-4 AUD-2 MON-2 weak choices are warned of", () => {
  const text = `{
    security: {
      apiKeys: { openai: "plain", google: "\${UNSET}" },
      encryption: { database: { enabled: false, iterations: 100000 } },
      storage: { configPermissions: "644", logPermissions: "644" },
      rateLimit: { enabled: false },
      monitoring: { alerting: { channels: ["email", "webhook"] } },
    },
    logging: { audit: { enabled: false } },
  }`;
  expect(findings(text)).toEqual(
    expect.arrayContaining([
      "warning security.apiKeys.openai",
      "warning security.apiKeys.google",
      "warning security.encryption.database.enabled",
      "warning security.encryption.database.iterations",
      "warning security.storage.configPermissions",
      "warning security.storage.logPermissions",
      "warning security.rateLimit.enabled",
      "error security.monitoring.alerting.recipients",
      "error security.monitoring.alerting.webhookUrl",
      "warning logging.audit.enabled",
    ]),
  );
});

test("MON-1 a metric whose events are not recorded warns", () => {
  const events = `["authentication", "config_changes", "message_send", "errors"]`;
  expect(findings(`{ logging: { audit: { events: ${events} } } }`)).toEqual([
    // Denials and refusals are security events of their own, which are recorded all the same.
    "warning security.monitoring.anomalyDetection.metrics[2]",
    "warning security.monitoring.anomalyDetection.metrics[3]",
    "warning security.monitoring.anomalyDetection.metrics[4]",
  ]);
  const off = `security: { monitoring: { anomalyDetection: { enabled: false } } }`;
  expect(
    findings(`{ logging: { audit: { events: ${events} } }, ${off} }`).filter((one) => one.includes("metrics")),
  ).toEqual([]);
});

test("MON-1 telemetry that leaves the machine unencrypted warns, and no address is one that is never reached", () => {
  const telemetry = (endpoint: string) =>
    findings(`{ security: { monitoring: { telemetry: { endpoint: "${endpoint}" } } } }`);
  expect(telemetry("http://otel.example.com:4318")).toEqual(["warning security.monitoring.telemetry.endpoint"]);
  expect(telemetry("http://169.254.169.254/")).toContain("error security.monitoring.telemetry.endpoint");
  for (const fine of [
    "https://otel.example.com",
    "http://127.0.0.1:4318",
    "http://[::1]:4318",
    "http://localhost:4318",
  ]) {
    expect(telemetry(fine), fine).toEqual([]);
  }
});

test("keys that are applied do not warn", () => {
  expect(findings("{ security: { encryption: { messages: { enabled: true } } } }")).toEqual([]);
  expect(
    findings("{ security: { keyRotation: { enabled: true }, monitoring: { anomalyDetection: { threshold: 0.9 } } } }"),
  ).toEqual([]);
  expect(findings("{ security: { fileSystem: { allowedPaths: [], deniedPaths: [] } } }")).toEqual([]);
});
