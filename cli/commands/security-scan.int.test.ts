/** `openclaw security scan` on a real home and database, with misconfigurations planted one by one. */
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { registerScan } from "./security-scan.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { certificateFolder, type CertificateFolder } from "../../tests/support/certificates.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { connectionsFile } from "#server/core/db/connections.ts";
import type { ScanFinding, ScanReport } from "#server/scan/schema.ts";

let bench: CliBench;
let certificates: CertificateFolder;

beforeAll(async () => {
  bench = await openCliBench((program, context) => registerScan(program.command("security"), context));
  await openTestKeyring(bench.paths.keysDir);
  certificates = certificateFolder();
});
afterAll(async () => {
  certificates.remove();
  await bench.close();
});
beforeEach(() => bench.configure("{}"));

const run = (...args: string[]) => bench.run("security", "scan", ...args);
async function report(...args: string[]): Promise<ScanReport & { exitCode: number }> {
  const { out, exitCode } = await run("--format", "json", "--fail-on", "none", "--no-store", ...args);
  return { ...(JSON.parse(out.join("\n")) as ScanReport), exitCode };
}

interface Plant {
  id: string;
  /** The line that is at fault ends in `// <<`. */
  config?: string;
  sql?: string;
  undo?: string;
  /** Something outside the configuration; returns how to take it back. */
  change?: () => () => void;
  env?: [name: string, value: string];
  /** Expected key path. */
  path?: string;
  /** Of the fix: its text and command together. */
  fix: RegExp;
}

const mode = (path: () => string, wrong: number) => () => {
  const right = statSync(path()).mode & 0o777;
  chmodSync(path(), wrong);
  return () => chmodSync(path(), right);
};
const file =
  (path: () => string, text = "", wrong = 0o600) =>
  () => {
    writeFileSync(path(), text, { mode: wrong });
    chmodSync(path(), wrong);
    return () => rmSync(path());
  };
const newToken = (columns: string, values: string): string =>
  `INSERT INTO token (id, name, owner_id, role_name, secret_hash, pepper_id, last4, family_id, ${columns})
   VALUES ('planted', 'planted', 'operator', 'user', '\\x00', 'p', 'abcd', 'planted', ${values})`;
const NO_TOKEN = "DELETE FROM token WHERE id = 'planted'";
const newMember = (columns: string, values: string): string =>
  `INSERT INTO member (id, email, name, role_name, ${columns}) VALUES ('mem1', 'ada@example.com', 'Ada', 'admin', ${values})`;
const NO_MEMBER = "DELETE FROM member WHERE id = 'mem1'";

const PLANTS: readonly Plant[] = [
  {
    id: "network.exposed_unprotected",
    config: `{\n  gateway: {\n    bind: "0.0.0.0", // <<\n  },\n}`,
    path: "gateway.bind",
    fix: /config set gateway\.bind 127\.0\.0\.1/,
  },
  {
    id: "network.proxies_too_wide",
    config: `{\n  gateway: { trustedProxies: [\n    "0.0.0.0/0", // <<\n  ] },\n}`,
    path: "gateway.trustedProxies[0]",
    fix: /addresses of your proxies/,
  },
  {
    id: "tokens.shared_weak",
    config: `{\n  gateway: {\n    token: "your-secure-token-here", // <<\n  },\n}`,
    path: "gateway.token",
    fix: /generate-token/,
  },
  {
    id: "tokens.shared_plain",
    config: `{\n  gateway: {\n    token: "wJ3kP9xQ2mZ7vT5cR8nB4hL6", // <<\n  },\n}`,
    path: "gateway.token",
    fix: /config encrypt/,
  },
  {
    id: "tokens.long_lifetime",
    config: `{\n  gateway: { tokenConfig: {\n    expiration: "365d", // <<\n  } },\n}`,
    path: "gateway.tokenConfig.expiration",
    fix: /config set gateway\.tokenConfig\.expiration 30d/,
  },
  {
    id: "access.authorization_off",
    config: `{\n  security: { authorization: {\n    enabled: false, // <<\n  } },\n}`,
    path: "security.authorization.enabled",
    fix: /set it to true/,
  },
  {
    id: "members.factor_not_required",
    config: `{\n  security: { authentication: { mfa: {\n    requiredRoles: [], // <<\n  } } },\n}`,
    path: "security.authentication.mfa.requiredRoles",
    fix: /config set security\.authentication\.mfa\.requiredRoles/,
  },
  {
    id: "channels.open_with_code",
    config: `{\n  channels: {\n    tg: { permissions: { allowedUsers: ["*"] } },\n  },\n}`,
    fix: /--blocked-commands run/,
  },
  {
    id: "channels.secret_weak",
    config: `{\n  channels: { hook: { permissions: { allowedRoles: ["user"] }, connection: { type: "webhook",\n    secret: "hunter2", // <<\n  } } },\n}`,
    path: "channels.hook.connection.secret",
    fix: /openssl rand/,
  },
  {
    id: "models.key_plain",
    config: `{\n  security: { apiKeys: {\n    openai: "sk-proj-abcdef", // <<\n  } },\n}`,
    path: "security.apiKeys.openai",
    fix: /config encrypt/,
  },
  {
    id: "models.no_budget",
    config: `{\n  security: { apiKeys: { openai: "sk-proj-abcdef" } },\n  models: {\n    budgets: [], // <<\n  },\n}`,
    path: "models.budgets",
    fix: /config set models\.budgets/,
  },
  {
    id: "sandbox.volume_refused",
    config: `{\n  security: { sandboxing: { docker: { volumes: {\n    "/var/run/docker.sock": "/mnt/sock:ro", // <<\n  } } } },\n}`,
    path: 'security.sandboxing.docker.volumes["/var/run/docker.sock"]',
    fix: /Correct it/,
  },
  {
    id: "sandbox.root_user",
    config: `{\n  security: { sandboxing: { docker: {\n    user: "root", // <<\n  } } },\n}`,
    path: "security.sandboxing.docker.user",
    fix: /use the default/,
  },
  {
    id: "sandbox.network",
    config: `{\n  security: { sandboxing: { docker: { allowNetwork: true,\n    network: "bridge", // <<\n  } } },\n}`,
    path: "security.sandboxing.docker.network",
    fix: /"none"/,
  },
  {
    id: "sandbox.image_unpinned",
    config: `{\n  security: { sandboxing: { docker: {\n    image: "python:3.13", // <<\n  } } },\n}`,
    path: "security.sandboxing.docker.image",
    fix: /digest/,
  },
  {
    id: "files-policy.allowed_too_wide",
    config: `{\n  security: { fileSystem: { allowedPaths: [\n    "/", // <<\n  ] } },\n}`,
    path: "security.fileSystem.allowedPaths[0]",
    fix: /Name the folders/,
  },
  {
    id: "limits.off",
    config: `{\n  security: { rateLimit: {\n    enabled: false, // <<\n  } },\n}`,
    path: "security.rateLimit.enabled",
    fix: /set it to true/,
  },
  {
    id: "limits.counts_nothing",
    config: `{\n  security: { rateLimit: { global: { skipSuccessfulRequests: true,\n    skipFailedRequests: true, // <<\n  } } },\n}`,
    path: "security.rateLimit.global.skipFailedRequests",
    fix: /config set security\.rateLimit\.global\.skipFailedRequests false/,
  },
  {
    id: "record.off",
    config: `{\n  logging: { audit: {\n    enabled: false, // <<\n  } },\n}`,
    path: "logging.audit.enabled",
    fix: /set it to true/,
  },
  {
    id: "record.retention_short",
    config: `{\n  logging: { audit: {\n    retention: "30d", // <<\n  } },\n}`,
    path: "logging.audit.retention",
    fix: /config set logging\.audit\.retention 365d/,
  },
  {
    id: "data.encryption_off",
    config: `{\n  security: { encryption: { database: {\n    enabled: false, // <<\n  } } },\n}`,
    path: "security.encryption.database.enabled",
    fix: /set it to true/,
  },
  {
    id: "backups.encryption_off",
    config: `{\n  security: { storage: {\n    backupEncryption: false, // <<\n  } },\n}`,
    path: "security.storage.backupEncryption",
    fix: /config set security\.storage\.backupEncryption true/,
  },
  {
    id: "configuration.invalid",
    config: `{\n  gateway: {\n    prot: 1, // <<\n  },\n}`,
    path: "gateway.prot",
    fix: /gateway\.port/,
  },
  {
    id: "files.keys_open",
    change: mode(() => join(bench.paths.keysDir, "keyring.json"), 0o644),
    fix: /chmod 0600 .*keyring\.json/,
  },
  { id: "files.config_open", change: mode(() => bench.paths.configFile, 0o666), fix: /chmod 0600 .*openclaw\.json5/ },
  {
    id: "files.link",
    change: () => {
      const link = join(bench.paths.keysDir, "planted");
      symlinkSync("/etc/hostname", link);
      return () => rmSync(link);
    },
    fix: /replace the link/,
  },
  { id: "files.config_copies", change: file(() => `${bench.paths.configFile}.bak`), fix: /rm .*\.bak/ },
  {
    id: "files.git_work_tree",
    change: () => {
      const folder = join(bench.paths.home, ".git");
      mkdirSync(folder, { mode: 0o700 });
      return () => rmSync(folder, { recursive: true });
    },
    fix: /OPENCLAW_HOME/,
  },
  {
    id: "files.env_file_open",
    change: file(() => join(bench.paths.home, ".env"), "KEY=x", 0o644),
    fix: /chmod 600 .*\.env/,
  },
  {
    id: "tokens.no_expiry",
    sql: newToken("expires_at", "NULL"),
    undo: NO_TOKEN,
    fix: /rotate-token planted --expires 30d/,
  },
  {
    id: "tokens.too_old",
    sql: newToken("created_at, expires_at", "now() - interval '200 days', now() + interval '9 days'"),
    undo: NO_TOKEN,
    fix: /rotate-token planted/,
  },
  {
    id: "tokens.used_after_end",
    sql: newToken("revoked_at, last_used_at", "now() - interval '2 days', now()"),
    undo: NO_TOKEN,
    fix: /logs audit/,
  },
  { id: "members.no_factor", sql: newMember("password_hash", "'x'"), undo: NO_MEMBER, fix: /enrol/ },
  {
    id: "members.dormant_wide",
    sql: newMember("totp_secret, last_sign_in_at", "'x', now() - interval '120 days'"),
    undo: NO_MEMBER,
    fix: /Disable/,
  },
  {
    id: "access.role_wide",
    sql: "INSERT INTO role (name, permissions, channels, commands) VALUES ('ops', '{*}', '{*}', '{*}')",
    undo: "DELETE FROM role WHERE name = 'ops'",
    fix: /Name the permissions/,
  },
  {
    id: "data.record_changeable",
    sql: "GRANT DELETE ON audit_event TO openclaw_app",
    undo: "REVOKE DELETE ON audit_event FROM openclaw_app",
    fix: /REVOKE DELETE ON audit_event/,
  },
  {
    id: "record.backlog",
    sql: "INSERT INTO audit_intake (events) SELECT '[]' FROM generate_series(1, 1500)",
    undo: "DELETE FROM audit_intake",
    fix: /verify-audit/,
  },
  {
    id: "machine.tls_unverified",
    env: ["NODE_TLS_REJECT_UNAUTHORIZED", "0"],
    fix: /unset NODE_TLS_REJECT_UNAUTHORIZED/,
  },
  { id: "machine.preload", env: ["LD_PRELOAD", "/tmp/planted.so"], fix: /unset LD_PRELOAD/ },
];

describe("MON-3 planted misconfigurations are found, with their place and their fix", () => {
  test("there are at least 30 of them", () => expect(PLANTS.length).toBeGreaterThanOrEqual(30));

  test.each(PLANTS.map((plant) => [plant.id, plant] as const))("%s", async (id, plant) => {
    const of = (answer: ScanReport): ScanFinding[] => answer.findings.filter((finding) => finding.id === id);
    expect(of(await report())).toEqual([]);
    const takeBack = plant.change?.();
    if (plant.config !== undefined) {
      bench.configure(plant.config);
    }
    if (plant.sql !== undefined) {
      await bench.sql(plant.sql);
    }
    const before = process.env;
    if (plant.env !== undefined) {
      process.env = { ...before, [plant.env[0]]: plant.env[1] };
    }
    try {
      const [finding] = of(await report());
      expect(finding).toBeDefined();
      expect(`${finding?.fix.text ?? ""} ${finding?.fix.command ?? ""}`).toMatch(plant.fix);
      if (plant.path !== undefined) {
        const line = (plant.config ?? "").split("\n").findIndex((text) => text.includes("// <<")) + 1;
        expect(finding).toMatchObject({ configPath: plant.path, location: { file: bench.paths.configFile, line } });
      }
    } finally {
      process.env = before;
      takeBack?.();
      if (plant.undo !== undefined) {
        await bench.sql(plant.undo);
      }
    }
  });

  test("tls.expires_soon, tls.key_readable: a real certificate", async () => {
    const pair = certificates.make("soon", { days: 10 });
    chmodSync(pair.key, 0o644);
    bench.configure(`{ gateway: { tls: { enabled: true, cert: "${pair.cert}", key: "${pair.key}" } } }`);
    const ids = (await report()).findings.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(["tls.expires_soon", "tls.key_readable", "tls.self_signed"]));
  });
});

test("MON-3 exit codes follow --fail-on, and suppressed findings do not count but stay visible until their day", async () => {
  await bench.sql(newToken("expires_at", "NULL"));
  const only = ["--only", "tokens"];
  expect((await run(...only)).exitCode).toBe(0);
  expect((await run(...only, "--fail-on", "warn")).exitCode).toBe(1);
  const refused = await run("suppress", "tokens.nothing", "--reason", "x", "--until", "2027-01-01");
  expect(refused).toMatchObject({ exitCode: 3, err: [expect.stringContaining("no check tokens.nothing")] });
  const past = await run("suppress", "tokens.no_expiry", "--reason", "x", "--until", "2020-01-01");
  expect(past.exitCode).toBe(2);
  const day = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  const made = await run(
    "suppress",
    "tokens.no_expiry",
    "--match",
    "planted",
    "--reason",
    "break glass",
    "--until",
    day,
    "--json",
  );
  expect(made.exitCode).toBe(0);
  const { findings, suppressed } = await report(...only);
  expect(findings.map(({ id }) => id)).not.toContain("tokens.no_expiry");
  expect(suppressed).toMatchObject([
    { id: "tokens.no_expiry", suppression: { reason: "break glass", createdBy: "cli" } },
  ]);
  expect((await run(...only, "--fail-on", "warn")).exitCode).toBe(0);
  expect((await run(...only)).out.join("\n")).toMatch(
    /Suppressed \(1\)\n {2}tokens\.no_expiry {2}token planted\n.*by cli: break glass/,
  );

  await bench.sql(
    "UPDATE scan_suppression SET created_at = now() - interval '9 days', until = now() - interval '1 day'",
  );
  expect((await report(...only)).findings.map(({ id }) => id)).toContain("tokens.no_expiry");
  await bench.sql(NO_TOKEN);
  const recorded = await bench.sql<{ target: string }>(
    `SELECT target FROM ${RECORDED} AS record WHERE event = 'scan.suppressed'`,
  );
  expect(recorded).toEqual([{ target: "tokens.no_expiry" }]);
});

test("MON-3 a whole scan is kept; the next one says what is new, and a new critical finding is on record", async () => {
  await bench.sql("DELETE FROM security_scan");
  await run();
  await bench.sql(newToken("revoked_at, last_used_at", "now() - interval '2 days', now()"));
  await run();
  await run("--only", "tokens");
  await bench.sql(NO_TOKEN);
  const scans = await bench.sql<{ fresh: number; fresh_critical: number; trigger: string }>(
    "SELECT fresh, fresh_critical, trigger FROM security_scan ORDER BY at",
  );
  expect(scans).toEqual([
    { fresh: 0, fresh_critical: 0, trigger: "cli" },
    { fresh: 1, fresh_critical: 1, trigger: "cli" },
  ]);
  const events = await bench.sql<{ event: string; data: { checks?: string[] } }>(
    `SELECT event, data FROM ${RECORDED} AS record WHERE event LIKE 'scan.%' AND event <> 'scan.suppressed'`,
  );
  expect(events.map(({ event }) => event).filter((event) => event === "scan.regressed")).toHaveLength(1);
  expect(events.find(({ event }) => event === "scan.regressed")?.data.checks).toEqual(["tokens.used_after_end"]);
});

test("MON-3 --fix corrects modes and nothing else, says so before with --dry-run, and it is on record", async () => {
  const keyring = join(bench.paths.keysDir, "keyring.json");
  chmodSync(keyring, 0o644);
  const dry = await run("--fix", "--dry-run", "--only", "files");
  expect(dry.err.join("\n")).toContain(`would correct ${keyring}: 0644 → 0600`);
  expect(statSync(keyring).mode & 0o777).toBe(0o644);
  const fixed = await run("--fix", "--only", "files");
  expect(fixed.err.join("\n")).toContain(`corrected ${keyring}: 0644 → 0600`);
  expect(statSync(keyring).mode & 0o777).toBe(0o600);
  expect((await report("--only", "files")).findings.map(({ id }) => id)).not.toContain("files.keys_open");
  const rows = await bench.sql(`SELECT 1 FROM ${RECORDED} AS record WHERE event = 'permissions.fixed'`);
  expect(rows).toHaveLength(1);
});

test("MON-3 while no gateway runs, files and configuration are judged and the rest is said not to be checked", async () => {
  const connections = readFileSync(connectionsFile(bench.paths));
  rmSync(connectionsFile(bench.paths));
  try {
    const { complete, notChecked, findings } = await report();
    expect(complete).toBe(false);
    expect(notChecked.map(({ source }) => source)).toEqual(
      expect.arrayContaining(["roles, users and tokens", "members of the console", "suppressions (none is applied)"]),
    );
    expect(findings.length).toBeGreaterThan(0);
    expect((await run("--require-complete", "--fail-on", "none")).exitCode).toBe(5);
    expect((await run("--fail-on", "none")).out[0]).toContain("no all-clear");
  } finally {
    writeFileSync(connectionsFile(bench.paths), connections, { mode: 0o600 });
  }
});

test("MON-3 hostile names break no format and no terminal", async () => {
  const name = "x\u001B]0;pwned\u0007\u001B[2J\r\n# [a](http://evil) <img src=x> `|` \u202Egnp";
  await bench.sql(`INSERT INTO role (name, permissions, channels, commands) VALUES ('${name}', '{*}', '{}', '{}')`);
  try {
    for (const format of ["text", "json", "sarif", "md"]) {
      const text = (await run("--format", format, "--no-store")).out.join("\n");
      expect(text).toContain("access.role_wide");

      expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
      if (format === "md") {
        expect(text).not.toMatch(/(?<!\\)<img|\]\(http/);
      } else if (format !== "text") {
        expect(() => JSON.parse(text) as unknown).not.toThrow();
      }
    }
  } finally {
    await bench.sql(`DELETE FROM role WHERE permissions = '{*}' AND NOT builtin`);
  }
});

test("MON-3 --output writes a new file for its owner alone and overwrites none", async () => {
  const target = join(bench.paths.cacheDir, "scan.sarif");
  expect((await run("--fail-on", "none", "--format", "sarif", "--output", target)).exitCode).toBe(0);
  expect(statSync(target).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(target, "utf8"))).toMatchObject({ version: "2.1.0" });
  expect((await run("--output", target)).err.join()).toContain("never overwritten");
  rmSync(target);
});
