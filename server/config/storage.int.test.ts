/** Places of `security.storage` on a real file system. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeConfigFile } from "#server/config/file.ts";
import { assertStorage, configProblems, configuredPaths, loadConfig } from "#server/config/index.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";

let base: string;
let paths: HomePaths;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "openclaw-storage-")));
  paths = homePaths(join(base, "home"));
  ensureHome(paths);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const storage = (written: Record<string, string>): string => JSON.stringify({ security: { storage: written } });
const errors = (written: Record<string, string>): string[] =>
  configProblems(storage(written), { paths })
    .filter(({ severity }) => severity === "error")
    .map(({ path, reason }) => `${path}: ${reason}`);
const assertPlaces = (written: Record<string, string>): void =>
  assertStorage(loadConfig("test", { text: storage(written) }).config, paths);

describe("DATA-4 logPath and backupPath", () => {
  test("are followed, from the home, from the account's home and absolute", () => {
    const at = (written: Record<string, string>) => {
      writeFileSync(paths.configFile, storage(written));
      const { logsDir, backupsDir, keysDir } = configuredPaths(paths);
      return [logsDir, backupsDir, keysDir];
    };
    expect(at({})).toEqual([paths.logsDir, paths.backupsDir, paths.keysDir]);
    expect(at({ logPath: "journal", backupPath: "~/copies" })).toEqual([
      join(paths.home, "journal"),
      join(homedir(), "copies"),
      paths.keysDir,
    ]);
    expect(at({ logPath: join(base, "logs") })[0]).toBe(join(base, "logs"));
  });

  test("a file that cannot be loaded leaves the folders of the home", () => {
    writeFileSync(paths.configFile, "{ security: { storage: { logPath: 1 } } }");
    expect(configuredPaths(paths)).toEqual(paths);
  });

  test.each<[string, (home: HomePaths, base: string) => string, string]>([
    ["the home", ({ home }) => home, "the whole home"],
    ["a folder above it", (_, above) => above, "the whole home"],
    ["the root", () => "/", "the whole home"],
    ["the keys", ({ keysDir }) => keysDir, "is for something else"],
    ["a folder in the data", ({ dataDir }) => join(dataDir, "postgres", "log"), "is for something else"],
    ["the configuration's", () => "~/.openclaw/config", "is for something else"],
    ["a folder of the kernel", () => "/proc/self", "is for something else"],
    ["a folder of everybody", () => "/var/log", "is shared with others"],
    ["a missing variable", () => "${OPENCLAW_TEST_UNSET_PLACE}", "OPENCLAW_TEST_UNSET_PLACE, which is not set"],
  ])("%s is refused by name", (_, place, reason) => {
    const written = place(paths, base);
    expect(errors({ logPath: written })).toEqual([
      expect.stringMatching(new RegExp(`^security\\.storage\\.logPath: .*${reason}`)),
    ]);
    expect(errors({ backupPath: written })).toHaveLength(1);
    expect(() => assertPlaces({ logPath: written })).toThrow(reason);
  });

  test("links are seen through, a file is no folder, and one may not lie in the other", () => {
    symlinkSync(paths.keysDir, join(base, "link"));
    writeFileSync(join(base, "file"), "");
    expect(errors({ logPath: join(base, "link", "logs") })).toHaveLength(1);
    expect(errors({ logPath: join(base, "file") })[0]).toContain("is no folder");
    expect(errors({ logPath: join(base, "x"), backupPath: join(base, "x", "backups") })).toEqual([
      expect.stringContaining("lie in each other"),
    ]);
    expect(errors({ logPath: join(base, "x"), backupPath: join(base, "y") })).toEqual([]);
  });
});

describe("DATA-4 configPath", () => {
  test("names the folder the file is in, or both are named", () => {
    expect(errors({ configPath: paths.configDir })).toEqual([]);
    expect(errors({ configPath: "~/.openclaw/config" })).toEqual([]);
    expect(errors({ configPath: "/srv/elsewhere" })).toEqual([
      `security.storage.configPath: names /srv/elsewhere, but the configuration in use is ${paths.configFile}`,
    ]);
    expect(() => assertPlaces({ configPath: "/srv/elsewhere" })).toThrow("OPENCLAW_CONFIG");
  });

  test("a file put there by a link is in either folder; as written by default it is anywhere", () => {
    const real = join(base, "deployed");
    mkdirSync(real);
    writeFileSync(join(real, "gateway.json5"), "{}");
    symlinkSync(join(real, "gateway.json5"), paths.configFile);
    expect(errors({ configPath: real })).toEqual([]);
    expect(errors({ configPath: paths.configDir })).toEqual([]);
    paths = homePaths(paths.home, join(real, "gateway.json5"));
    expect(errors({})).toEqual([]);
    expect(errors({ configPath: "~/.openclaw/config" })).toEqual([]);
  });
});

test("DATA-4 the file is written with the mode that it asks for, and its owner keeps his rights", () => {
  const modeAfter = (text: string): number => {
    writeConfigFile(paths.configFile, text);
    return statSync(paths.configFile).mode & 0o777;
  };
  expect(modeAfter("{}")).toBe(0o600);
  expect(modeAfter(storage({ configPermissions: "640" }))).toBe(0o640);
  expect(modeAfter(storage({ configPermissions: "000" }))).toBe(0o600);
});

test("DATA-4 modes that nobody can work with, or anybody can write with, are refused", () => {
  const refusals = (written: Record<string, string>): string[] =>
    loadConfig("test", { text: storage(written) }).refusals.map(({ path, reason }) => `${path} ${reason}`);
  expect(refusals({ configPermissions: "000", logPermissions: "240" })).toEqual([
    "security.storage.configPermissions 000 keeps the gateway itself from reading or writing its files",
    "security.storage.logPermissions 240 keeps the gateway itself from reading or writing its files",
  ]);
  expect(refusals({ configPermissions: "620" })).toEqual([
    "security.storage.configPermissions 620 lets other accounts write",
  ]);
  expect(refusals({ logPermissions: "666" })).toEqual([
    "security.storage.logPermissions 666 lets other accounts write",
  ]);
  expect(refusals({ configPermissions: "600", logPermissions: "640" })).toEqual([]);
});
