/** Real homes, as they are made, with faults planted one by one. */
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  renameSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { loadConfig } from "#server/config/index.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import { readOrCreateSecret } from "#server/core/secret-file.ts";
import { checkHome, refuseOpenKeys, repair } from "#server/permissions/index.ts";

const isRoot = process.getuid?.() === 0;

let base: string;
let paths: HomePaths;

beforeEach(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-permissions-")));
  paths = homePaths(join(base, "home"));
  ensureHome(paths);
  await openTestKeyring(paths.keysDir);
  readOrCreateSecret(join(paths.keysDir, "token-pepper"));
  write(join(paths.keysDir, "audit-public-key.txt"), "", 0o644);
  write(paths.configFile, "{}", 0o600);
  write(join(paths.logsDir, "server.log"), "", 0o640);
  write(join(paths.quarantineDir, "q.bin"), "", 0o600);
  write(join(paths.backupsDir, "b.ocbak"), "", 0o600);
  write(join(paths.cacheDir, "stamp"), "", 0o644);
});

afterEach(() => rmSync(base, { recursive: true, force: true }));

function write(file: string, text: string, mode: number): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

const check = (config = "{}", env: { OPENCLAW_MASTER_KEY_FILE?: string } = {}) =>
  checkHome(paths, loadConfig("test", { text: config }).config, env);

const told = (config?: string): string[] =>
  check(config).findings.map(({ path, problem, found }) => `${path.replace(`${base}/`, "")} ${problem} ${found}`);

const modeOf = (path: string): number => statSync(path).mode & 0o7777;

test("DATA-4 a home as it is made has no fault", () => {
  expect(told()).toEqual([]);
  expect(check().facts.entries.length).toBeGreaterThan(15);
  expect(() => refuseOpenKeys(check())).not.toThrow();
});

const FAULTS: [what: string, path: (home: HomePaths) => string, mode: number, right: number, refused: boolean][] = [
  ["a home that others may enter", ({ home }) => home, 0o755, 0o700, false],
  ["a configuration that others read", ({ configFile }) => configFile, 0o644, 0o600, false],
  ["a configuration that others write", ({ configFile }) => configFile, 0o666, 0o600, false],
  ["keys that a group reads", ({ keysDir }) => join(keysDir, "keyring.json"), 0o640, 0o600, true],
  ["keys that everybody reads", ({ keysDir }) => join(keysDir, "master-secret"), 0o604, 0o600, true],
  ["a folder of keys that others may list", ({ keysDir }) => keysDir, 0o755, 0o700, false],
  ["a folder of keys that others may write", ({ keysDir }) => keysDir, 0o720, 0o700, true],
  ["a public key that others write", ({ keysDir }) => join(keysDir, "audit-public-key.txt"), 0o666, 0o644, true],
  ["logs that everybody reads", ({ logsDir }) => join(logsDir, "server.log"), 0o644, 0o640, false],
  ["a folder of logs that everybody lists", ({ logsDir }) => logsDir, 0o755, 0o750, false],
  ["a backup that a group reads", ({ backupsDir }) => join(backupsDir, "b.ocbak"), 0o640, 0o600, false],
  ["a quarantined file that may be run", ({ quarantineDir }) => join(quarantineDir, "q.bin"), 0o711, 0o600, false],
  [
    "a quarantined file that runs as its owner",
    ({ quarantineDir }) => join(quarantineDir, "q.bin"),
    0o4600,
    0o600,
    false,
  ],
  ["a cache that a group writes", ({ cacheDir }) => join(cacheDir, "stamp"), 0o664, 0o644, false],
  ["a log that its owner cannot read", ({ logsDir }) => join(logsDir, "server.log"), 0o000, 0o600, false],
];

describe.each(FAULTS)("DATA-4 %s", (_, at, mode, right, refused) => {
  test("is found, is repaired, and refuses the start where it opens a key", () => {
    const path = at(paths);
    chmodSync(path, mode);
    const before = check();
    expect(before.findings).toMatchObject([{ path, problem: "mode", repair: right }]);
    if (refused) {
      expect(() => refuseOpenKeys(before)).toThrow(`chmod ${right.toString(8).padStart(4, "0")} ${path}`);
    } else {
      expect(() => refuseOpenKeys(before)).not.toThrow();
    }
    const outcome = repair(before.facts, before.findings);
    expect(outcome).toMatchObject({ repaired: [{ path }], failed: [] });
    expect(modeOf(path)).toBe(right);
    expect(told()).toEqual([]);
  });
});

test("DATA-4 modes follow the configuration", () => {
  const config = '{ security: { storage: { configPermissions: "640", logPermissions: "600" } } }';
  chmodSync(paths.configFile, 0o640);
  expect(told(config)).toEqual(["home/logs/server.log mode 0640"]);
  chmodSync(join(paths.logsDir, "server.log"), 0o600);
  chmodSync(paths.configDir, 0o750);
  expect(told(config)).toEqual([]);
});

test("DATA-4 a file that allows less than it may is no problem", () => {
  chmodSync(join(paths.logsDir, "server.log"), 0o400);
  chmodSync(paths.configFile, 0o400);
  expect(told()).toEqual([]);
});

test("DATA-4 a link in a key's place is reported, refuses the start and is not followed", () => {
  const victim = join(base, "victim");
  write(victim, "not ours", 0o644);
  const key = join(paths.keysDir, "token-pepper");
  rmSync(key);
  symlinkSync(victim, key);
  const found = check();
  expect(found.findings).toMatchObject([{ path: key, problem: "link", repair: null }]);
  expect(() => refuseOpenKeys(found)).toThrow(key);
  expect(repair(found.facts, found.findings)).toEqual({ repaired: [], failed: [] });
  expect([modeOf(victim), readFileSync(victim, "utf8"), lstatSync(key).isSymbolicLink()]).toEqual([
    0o644,
    "not ours",
    true,
  ]);
});

test("DATA-4 what is exchanged for a link between the look and the repair stays untouched", () => {
  const victim = join(base, "victim");
  write(victim, "", 0o644);
  const key = join(paths.keysDir, "token-pepper");
  chmodSync(key, 0o644);
  const found = check();
  // Kept, so that its inode is not given to another file.
  renameSync(key, join(base, "away"));
  symlinkSync(victim, key);
  expect(repair(found.facts, found.findings)).toMatchObject({ repaired: [], failed: [{ finding: { path: key } }] });
  expect(modeOf(victim)).toBe(0o644);

  rmSync(key);
  write(key, "another file", 0o644);
  expect(repair(found.facts, found.findings).failed).toMatchObject([
    { reason: expect.stringContaining("exchanged") as unknown },
  ]);
  expect(modeOf(key)).toBe(0o644);
});

test("DATA-4 a folder exchanged for a link is not entered", () => {
  const elsewhere = join(base, "elsewhere");
  mkdirSync(elsewhere);
  write(join(elsewhere, "secret"), "", 0o644);
  rmSync(paths.backupsDir, { recursive: true });
  symlinkSync(elsewhere, paths.backupsDir);
  const found = check();
  expect(found.findings).toMatchObject([{ path: paths.backupsDir, problem: "link" }]);
  repair(found.facts, found.findings);
  expect(modeOf(join(elsewhere, "secret"))).toBe(0o644);
});

test("DATA-4 a file with a second name elsewhere is reported and left alone", () => {
  const key = join(paths.keysDir, "token-pepper");
  linkSync(key, join(base, "copy"));
  chmodSync(key, 0o644);
  const found = check();
  expect(found.findings.map(({ problem }) => problem)).toEqual(["hard_link", "mode"]);
  expect(repair(found.facts, found.findings)).toMatchObject({ repaired: [], failed: [{ finding: { path: key } }] });
  expect(modeOf(key)).toBe(0o644);
});

test("DATA-4 a configuration that is put there by a link is judged where it lies", () => {
  const real = join(base, "deployed.json5");
  write(real, "{}", 0o644);
  rmSync(paths.configFile);
  symlinkSync(real, paths.configFile);
  expect(told()).toEqual(["deployed.json5 mode 0644"]);
  chmodSync(real, 0o600);
  expect(told()).toEqual([]);
  rmSync(real);
  expect(told()).toEqual(["home/config/openclaw.json5 link a symbolic link to nothing"]);
});

test("DATA-4 a parent that everybody may write to is reported; one with the sticky bit is not", () => {
  chmodSync(base, 0o777);
  expect(check().findings).toMatchObject([{ path: base, problem: "parent", fix: `chmod o-w ${base}`, repair: null }]);
  chmodSync(base, 0o1777);
  expect(told()).toEqual([]);
});

test("DATA-4 folders that the configuration moves elsewhere are checked there", () => {
  const logs = join(base, "logs-elsewhere");
  mkdirSync(logs, { mode: 0o755 });
  write(join(logs, "server.log"), "", 0o644);
  paths = { ...paths, logsDir: logs };
  expect(told()).toEqual(["logs-elsewhere mode 0755", "logs-elsewhere/server.log mode 0644"]);
  const found = check();
  expect(repair(found.facts, found.findings).failed).toEqual([]);
  expect(told()).toEqual([]);
});

test("DATA-4 NET-3 keys outside the home that the configuration or the environment names are checked, and changed by nobody but their owner", () => {
  const tlsKey = join(base, "key.pem");
  const master = join(base, "master");
  write(tlsKey, "", 0o644);
  write(master, "", 0o666);
  const tls = `{ gateway: { tls: { enabled: true, key: "${tlsKey}", cert: "${tlsKey}" } } }`;
  const found = check(tls, { OPENCLAW_MASTER_KEY_FILE: master });
  expect(found.findings).toMatchObject([
    { path: tlsKey, area: "tls_key", fix: `chmod 0640 ${tlsKey}`, repair: null },
    { path: master, area: "master_key", repair: null },
  ]);
  repair(found.facts, found.findings);
  expect([modeOf(tlsKey), modeOf(master)]).toEqual([0o644, 0o666]);
});

test("DATA-4 what is neither file nor folder is reported", () => {
  execFileSync("mkfifo", ["-m", "600", join(paths.keysDir, "pipe")]);
  const found = check();
  expect(found.findings).toMatchObject([{ problem: "kind" }]);
  expect(() => refuseOpenKeys(found)).toThrow("pipe");
});

test.runIf(isRoot)("DATA-4 a file of another account is reported and its owner never changed", () => {
  const log = join(paths.logsDir, "server.log");
  chownSync(log, 4242, 4242);
  chmodSync(log, 0o666);
  const found = check();
  expect(found.findings.map(({ problem, fix }) => `${problem} ${fix}`)).toEqual([
    `owner Find out why, then as root: chown 0 ${log}`,
    `mode chmod 0640 ${log}`,
  ]);
  expect(repair(found.facts, found.findings)).toMatchObject({ repaired: [], failed: [] });
  expect([statSync(log).uid, modeOf(log)]).toEqual([4242, 0o666]);
});
