import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  changeMasterSecret,
  keyringFile,
  openKeyring,
  passphrase,
  readMasterSecret,
} from "#server/core/crypto/keyring/index.ts";
import { readEnv } from "#server/core/env.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import { unlockKeys } from "./keys.ts";
import { openLogFile } from "./log-file.ts";
import { createTerminal } from "./terminal.ts";

let paths: HomePaths;
let shown: string;
beforeEach(() => {
  paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-unlock-")));
  ensureHome(paths);
  shown = "";
});
afterEach(() => rmSync(paths.home, { recursive: true, force: true }));

const SECRET = "the passphrase of this installation";
const unlock = (iterations: number, key?: string) =>
  unlockKeys({
    paths,
    env: readEnv({ NODE_ENV: "test", OPENCLAW_MASTER_KEY: key }),
    iterations,
    terminal: createTerminal((text) => (shown += text), openLogFile(join(paths.logsDir, "supervisor.log"))),
  });

describe("DATA-1 the keyring at a start", () => {
  it("is made with the configured rounds, and wrapped anew when more are configured, keys and all staying", async () => {
    const first = await unlock(100_000);
    const keys = first.list().map(({ id, key }) => [id, key.toString("hex")]);
    await unlock(200_000);
    const raised = await openKeyring(paths, {});
    expect(raised.iterations).toBe(200_000);
    expect(raised.list().map(({ id, key }) => [id, key.toString("hex")])).toEqual(keys);
    expect(shown).toContain("200000 rounds now (before: 100000)");
  });

  it("stays as it is when fewer rounds are configured", async () => {
    await unlock(200_000);
    const before = readFileSync(keyringFile(paths), "utf8");
    await unlock(100_000);
    expect(readFileSync(keyringFile(paths), "utf8")).toBe(before);
  });

  it("gets keys for purposes that it was made without, and keeps the others", async () => {
    const first = await unlock(100_000);
    const file = keyringFile(paths);
    const content = JSON.parse(readFileSync(file, "utf8")) as { keys: { purpose: string }[] };
    writeFileSync(
      file,
      JSON.stringify({ ...content, keys: content.keys.filter(({ purpose }) => purpose !== "config") }),
    );
    const again = await unlock(100_000);
    expect(again.current("config").id).not.toBe(first.current("config").id);
    expect(again.current("database").id).toBe(first.current("database").id);
    expect(shown).toContain("new keys for config");
  });

  it("refuses a wrong master key in words, and shows the step as failed", async () => {
    await unlock(100_000, SECRET);
    await expect(unlock(100_000, `not ${SECRET}`)).rejects.toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining("does not open the keyring") as string,
    });
    expect(shown).toContain("✗ Keys are unlocked");
    expect(shown).not.toContain(SECRET);
  });

  it("DATA-6 ends a replaced master key once a start with the new one has succeeded", async () => {
    await unlock(100_000);
    const old = readMasterSecret(paths, {}, false);
    await changeMasterSecret(paths, old, passphrase(SECRET, "test"), { iterations: 100_000, keepOld: true });
    await unlock(100_000);
    await unlock(100_000, SECRET);
    await expect(unlock(100_000)).rejects.toThrow("does not open the keyring");
  });
});
