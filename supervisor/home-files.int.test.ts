/** What a start refuses or warns of before it touches the database: open keys, unusable places, values that do not open. */
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkHomeFiles } from "./home-files.ts";
import { openTestKeyring } from "../tests/support/keyring.ts";
import { loadConfig, planEncryption } from "#server/config/index.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";

const MAIN = resolve(import.meta.dirname, "main.ts");
const TOKEN = "k3Zt9QwLx7VbN2mRf8Yc5HjP";

let folder: string;
let paths: HomePaths;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "openclaw-home-files-"));
  chmodSync(folder, 0o711);
  paths = homePaths(join(folder, "home"));
  ensureHome(paths);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const configure = (text: string): void => writeFileSync(paths.configFile, text, { mode: 0o600 });

/** Starts the gateway, which is expected to refuse. */
async function refusal(): Promise<{ code: unknown; output: string }> {
  const env = { ...process.env, OPENCLAW_HOME: paths.home };
  return new Promise((done) => {
    execFile(
      process.execPath,
      [MAIN, "--only", "gateway", "--port", "0"],
      { env, timeout: 60_000 },
      (error, out, err) => done({ code: error?.code, output: out + err }),
    );
  });
}

describe("DATA-4 a start", () => {
  it("is refused while others can read a key, with the line that closes it", async () => {
    await openTestKeyring(paths.keysDir);
    const secret = join(paths.keysDir, "master-secret");
    chmodSync(secret, 0o644);
    const { code, output } = await refusal();
    expect(code).toBe(6);
    expect(output).toContain(`chmod 0600 ${secret}`);
    expect(output).not.toContain("PostgreSQL");
    expect(output).not.toContain(readFileSync(secret, "utf8").trim());
  });

  it("is refused with logs among the keys, and with a configuration that names another folder than its own", async () => {
    configure(`{ security: { storage: { logPath: "${paths.keysDir}/logs" } } }`);
    const logs = await refusal();
    expect(logs).toMatchObject({ code: 6, output: expect.stringContaining("security.storage.logPath") as unknown });
    expect(existsSync(join(paths.keysDir, "logs"))).toBe(false);
    configure('{ security: { storage: { configPath: "/srv/elsewhere" } } }');
    expect((await refusal()).output).toContain(`/srv/elsewhere, but the configuration in use is ${paths.configFile}`);
  });

  it("only warns of other files", () => {
    configure("{}");
    const warnings: string[] = [];
    const look = (): void =>
      checkHomeFiles(paths, loadConfig(paths.configFile).config, {}, { warn: (text) => void warnings.push(text) });
    look();
    expect(warnings).toEqual([]);
    chmodSync(paths.configFile, 0o644);
    look();
    expect(warnings).toEqual([
      expect.stringMatching(/^1 file or folder .*openclaw\.json5 \(0644\).*check-permissions$/),
    ]);
    symlinkSync("/etc/passwd", join(paths.keysDir, "token-pepper"));
    expect(look).toThrow("token-pepper");
  });
});

describe("DATA-2 a start", () => {
  it("is refused when an encrypted value does not open, and when it opens to a weak token", async () => {
    const keyring = await openTestKeyring(paths.keysDir);
    const encrypt = (): void => {
      const plan = planEncryption(paths.configFile);
      plan.write(plan.convert(keyring));
    };
    configure(`{ gateway: { token: "${TOKEN}" } }`);
    encrypt();
    const sealed = readFileSync(paths.configFile, "utf8");
    configure(sealed.replace(/(enc:v1:.{20})./, "$1!"));
    const damaged = await refusal();
    expect(damaged.code).toBe(6);
    expect(damaged.output).toContain("gateway.token: cannot be decrypted");
    expect(damaged.output).not.toContain("PostgreSQL");

    configure('{ gateway: { token: "short" } }');
    encrypt();
    const weak = await refusal();
    expect(weak.code).toBe(6);
    expect(weak.output).toContain("gateway.token: is shorter than 24 characters");
  });
});
