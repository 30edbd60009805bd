/** `openclaw config encrypt` and `decrypt` on a real home, with its keyring and its record. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { registerConfig } from "./config.ts";
import { registerGateway } from "./gateway.ts";
import { registerValidateConfig } from "./security-validate-config.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { loadConfig, openConfigStore, secretOpener } from "#server/config/index.ts";
import { connectionsFile } from "#server/core/db/connections.ts";

const TOKEN = "canaryTokenk3Zt9QwLx7VbN2mRf8Yc5HjP";
const KEY = "canary-key-1";
const OWN = "canary-key-2";
const EXPANDED = "canary-from-the-environment";

const TEXT = `// of the team
{
  gateway: { token: '${TOKEN}' /* shared */ },\r
  security: {
    apiKeys: { openai: "${KEY}", google: "\${CANARY_GOOGLE}", },
  },
  'models': { providers: { mine: { type: "openai", baseUrl: "https://models.test/v1", apiKey: "\\x63${OWN.slice(1)}" } } },
}
`;
const SECRETS = ["gateway.token", "security.apiKeys.openai", "models.providers.mine.apiKey"];

let bench: CliBench;

beforeAll(async () => {
  bench = await openCliBench((program, context) => {
    registerConfig(program, context);
    registerGateway(program, context);
    registerValidateConfig(program.command("security"), context);
  });
  // Few rounds, so that commands answer at once.
  await openTestKeyring(bench.paths.keysDir);
});
afterAll(() => bench.close());
beforeEach(() => {
  vi.stubEnv("CANARY_GOOGLE", EXPANDED);
  bench.configure(TEXT);
});
// A reference is never expanded into the file, whatever was done to it.
afterEach(() => {
  if (existsSync(bench.paths.configFile)) {
    expect(fileText()).not.toContain(EXPANDED);
  }
  vi.unstubAllEnvs();
});

const fileText = (): string => readFileSync(bench.paths.configFile, "utf8");
const config = (...args: string[]) => bench.run("config", ...args);
const recorded = async (event: string) =>
  bench.sql<{ target: string; data: { paths: string[] } }>(
    `SELECT target, data FROM ${RECORDED} AS record WHERE event = '${event}' ORDER BY n`,
  );

test("DATA-2 encrypt hides every secret, decrypt gives the file back byte for byte, and both are on record without a value", async () => {
  const encrypted = await config("encrypt");
  expect(encrypted).toMatchObject({ exitCode: 0, err: [] });
  expect(encrypted.out).toEqual([
    ...SECRETS.map((path) => `encrypted  ${path}`),
    "stays (reference)  security.apiKeys.google",
  ]);
  expect(fileText()).not.toContain("canary-");
  expect(fileText()).not.toContain(TOKEN);
  expect(fileText()).toContain("// of the team");
  expect(statSync(bench.paths.configFile).mode & 0o777).toBe(0o600);
  expect(readdirSync(bench.paths.configDir)).toEqual(["openclaw.json5"]);

  const again = await config("encrypt", "--json");
  expect(JSON.parse(again.out.join("\n"))).toMatchObject({
    dryRun: false,
    encrypted: [],
    kept: [
      { reason: "already encrypted" },
      { reason: "already encrypted" },
      { reason: "reference" },
      { reason: "already encrypted" },
    ],
  });

  const decrypted = await config("decrypt");
  expect(decrypted.err.join()).toContain("now readable by everybody who can read the file");
  expect(fileText()).toBe(TEXT);

  const target = bench.paths.configFile;
  expect(await recorded("config.encrypted")).toEqual([{ target, data: { paths: SECRETS } }]);
  expect(await recorded("config.decrypted")).toEqual([{ target, data: { paths: SECRETS } }]);
  const rows = await bench.sql<{ row: string }>(`SELECT record::text AS row FROM ${RECORDED} AS record`);
  expect(JSON.stringify(rows) + JSON.stringify([encrypted, decrypted])).not.toMatch(/canaryToken|canary-key/);
});

test("DATA-2 --dry-run lists and changes nothing, also on record", async () => {
  const before = await recorded("config.encrypted");
  expect((await config("encrypt", "--dry-run")).out[0]).toBe("would be encrypted  gateway.token");
  expect(fileText()).toBe(TEXT);
  await config("encrypt");
  const sealed = fileText();
  const { out } = await config("decrypt", "--dry-run", "--json");
  expect(JSON.parse(out.join("\n"))).toMatchObject({ dryRun: true, decrypted: SECRETS });
  expect(fileText()).toBe(sealed);
  expect(await recorded("config.encrypted")).toHaveLength(before.length + 1);
});

test("DATA-2 the switches decide what is covered; switched off as a whole nothing is", async () => {
  const withSwitch = (text: string): string =>
    TEXT.replace("apiKeys: {", `encryption: { config: { ${text} } }, apiKeys: {`);
  bench.configure(withSwitch("encryptApiKeys: false"));
  expect((await config("encrypt", "--dry-run")).out).toContain("would be encrypted  gateway.token");
  expect((await config("encrypt", "--dry-run")).out).toContain("stays (switched off)  security.apiKeys.openai");
  bench.configure(withSwitch("encryptTokens: false"));
  expect((await config("encrypt", "--dry-run")).out).toContain("stays (switched off)  gateway.token");

  bench.configure(withSwitch("enabled: false"));
  const refused = await config("encrypt");
  expect(refused.exitCode).toBe(6);
  expect(refused.err.join()).toContain("openclaw config set security.encryption.config.enabled true");
  expect(fileText()).toBe(withSwitch("enabled: false"));
});

test("DATA-2 a file that does not load is not encrypted, but decrypted", async () => {
  const faulty = TEXT.replace("gateway: {", "gateway: { prot: 1,");
  bench.configure(faulty);
  expect(await config("encrypt")).toMatchObject({ exitCode: 6 });
  expect(fileText()).toBe(faulty);
  bench.configure(TEXT);
  await config("encrypt");
  bench.configure(fileText().replace("gateway: {", "gateway: { prot: 1,"));
  expect(await config("decrypt")).toMatchObject({ exitCode: 0 });
  expect(fileText()).toBe(faulty);
  rmSync(bench.paths.configFile);
  expect(await config("encrypt")).toMatchObject({ exitCode: 3 });
});

test("AUTH-11 DATA-2 config get masks, config set encrypts like the rest, and a reference stays one", async () => {
  await config("encrypt");
  expect((await config("get", "gateway.token")).out).toEqual(["********"]);
  expect((await config("get")).out.join()).not.toContain("enc:v1");
  const set = await config("set", "security.apiKeys.anthropic", "canary-key-3");
  expect(set.out.join()).toContain("encrypted like its other secrets");
  expect(fileText()).not.toContain("canary-key-3");
  expect((await config("set", "security.apiKeys.openai", "${CANARY_OPENAI}")).out.join()).not.toContain("encrypted");
  expect(fileText()).toContain('openai: "${CANARY_OPENAI}"');
  expect(await config("set", "gateway.token", "short")).toMatchObject({ exitCode: 6 });
  await config("set", "gateway.port", "8123");
  await config("decrypt");
  expect(fileText()).toContain('anthropic: "canary-key-3"');
  // Where nothing is encrypted, nothing becomes so by itself.
  await config("set", "security.apiKeys.anthropic", "canary-key-4");
  expect(fileText()).toContain("canary-key-4");
});

test("AUTH-2 DATA-2 rotating an encrypted gateway.token writes the new one encrypted", async () => {
  const made = JSON.parse((await bench.run("gateway", "generate-token", "--json")).out.join("\n")) as {
    id: string;
    token: string;
  };
  bench.configure(`{ gateway: { token: "${made.token}" } }`);
  await config("encrypt");
  const { out } = await bench.run("gateway", "rotate-token", "--json");
  const rotated = JSON.parse(out.join("\n")) as { token: string; replaces: string };
  expect(rotated.replaces).toBe(made.id);
  expect(fileText()).not.toContain(rotated.token);
  await config("decrypt");
  expect(fileText()).toBe(`{ gateway: { token: "${rotated.token}" } }`);
});

describe("DATA-2 what cannot be opened", () => {
  const validate = async () => {
    const { out, exitCode } = await bench.run("security", "validate-config", "--json");
    const { problems } = JSON.parse(out.join("\n")) as {
      problems: { severity: string; path: string; line: number; reason: string }[];
    };
    return { exitCode, errors: problems.filter(({ severity }) => severity === "error") };
  };
  const open = async () => secretOpener(await openTestKeyring(bench.paths.keysDir));
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

  test("sound values are no problem, and are not called plain text", async () => {
    await config("encrypt");
    const { out } = await bench.run("security", "validate-config");
    expect(out.join("\n")).not.toContain("plain text");
    expect((await validate()).errors).toEqual([]);
    const plain = TEXT.replaceAll("\r", "");
    bench.configure(plain);
    expect((await bench.run("security", "validate-config")).out.join("\n")).toContain(
      "Encrypt it with `openclaw config encrypt`",
    );
  });

  test("a value moved to another key: path and line, a refused start, and a refused decryption that changes nothing", async () => {
    await config("encrypt");
    const sealed = /openai: "([^"]+)"/.exec(fileText())?.[1] ?? "";
    const moved = fileText().replace('google: "${CANARY_GOOGLE}"', `google: "${sealed}"`);
    bench.configure(moved);
    expect(await validate()).toMatchObject({ exitCode: 6, errors: [{ path: "security.apiKeys.google", line: 5 }] });
    const opener = await open();
    expect(() => openConfigStore({ file: bench.paths.configFile, log: silent, open: opener })).toThrow(
      /security\.apiKeys\.google: cannot be decrypted/,
    );
    const { exitCode, err } = await config("decrypt");
    expect([exitCode, err.join()]).toEqual([4, expect.stringContaining("security.apiKeys.google cannot be decrypted")]);
    expect(fileText()).toBe(moved);
  });

  test("a weak token is refused although it is encrypted", async () => {
    bench.configure('{ gateway: { token: "short" } }');
    await config("encrypt");
    expect(fileText()).not.toContain("short");
    expect((await validate()).errors).toMatchObject([
      { path: "gateway.token", reason: "is shorter than 24 characters" },
    ]);
    const opener = await open();
    expect(() => openConfigStore({ file: bench.paths.configFile, log: silent, open: opener })).toThrow("gateway.token");
    // Without the keyring nothing is known of it: for the processes that do not use it.
    expect(loadConfig(bench.paths.configFile).refusals).toEqual([]);
  });

  test("a keyring that is gone is said, and never replaced by a new one", async () => {
    await config("encrypt");
    const keyring = join(bench.paths.keysDir, "keyring.json");
    const kept = readFileSync(keyring);
    rmSync(keyring);
    try {
      expect(await config("decrypt")).toMatchObject({ exitCode: 6, err: [expect.stringContaining("no keyring")] });
      expect(await validate()).toMatchObject({ exitCode: 6, errors: SECRETS.map((path) => ({ path })) });
      expect(existsSync(keyring)).toBe(false);
    } finally {
      writeFileSync(keyring, kept, { mode: 0o600 });
    }
  });

  test("encrypted values where nothing decrypts them, or where they are switched off, are errors", async () => {
    await config("encrypt");
    const sealed = /openai: "([^"]+)"/.exec(fileText())?.[1] ?? "";
    bench.configure(`{ agents: { default: { instructions: "${sealed}" } } }`);
    expect((await validate()).errors).toMatchObject([{ path: "agents.default.instructions" }]);
    bench.configure(`{ security: { encryption: { config: { enabled: false } }, apiKeys: { openai: "${sealed}" } } }`);
    expect((await validate()).errors).toMatchObject([{ path: "security.apiKeys.openai" }]);
  });

  test("without a running gateway the file is changed all the same, and the lack of a record is told", async () => {
    const connections = readFileSync(connectionsFile(bench.paths));
    rmSync(connectionsFile(bench.paths));
    try {
      const { err, exitCode } = await config("encrypt");
      expect([exitCode, err]).toEqual([0, ["This is not on record, because the gateway does not run."]]);
      expect(fileText()).not.toContain(TOKEN);
    } finally {
      writeFileSync(connectionsFile(bench.paths), connections, { mode: 0o600 });
    }
  });
});
