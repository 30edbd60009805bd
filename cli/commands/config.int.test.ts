/** `openclaw config …` and `openclaw security validate-config` as a person types them, on a real home. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test } from "vitest";
import { registerConfig } from "./config.ts";
import { registerValidateConfig } from "./security-validate-config.ts";
import { homePaths, type HomePaths } from "#server/core/paths.ts";

const STRONG = "k3Zt9QwLx7VbN2mRf8Yc5HjP";

let paths: HomePaths;

beforeEach(() => {
  paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-cli-")));
});

afterEach(() => rmSync(paths.home, { recursive: true, force: true }));

interface Outcome {
  out: string;
  err: string;
  exitCode: number;
}

const openclaw = (...args: string[]): Promise<Outcome> => openclawWith("", ...args);

/** @param input what stands on standard input. */
async function openclawWith(input: string, ...args: string[]): Promise<Outcome> {
  const outcome: Outcome = { out: "", err: "", exitCode: 0 };
  const context = {
    paths,
    out: (text: string) => void (outcome.out += `${text}\n`),
    err: (text: string) => void (outcome.err += `${text}\n`),
    setExitCode: (code: number) => void (outcome.exitCode = code),
  };
  const program = new Command("openclaw").exitOverride();
  registerConfig(program, context, Readable.from([input]));
  registerValidateConfig(program.command("security"), context);
  await program.parseAsync(args, { from: "user" });
  return outcome;
}

function write(text: string): void {
  mkdirSync(paths.configDir, { recursive: true });
  writeFileSync(paths.configFile, text);
}

test("AUTH-4 config set gateway.token writes a file for its owner alone; config get shows it masked", async () => {
  const { out } = await openclaw("config", "set", "gateway.token", STRONG);
  expect(out).toContain("Set gateway.token");
  expect(out).not.toContain(STRONG);
  expect(readFileSync(paths.configFile, "utf8")).toBe(`{\n  gateway: {\n    token: "${STRONG}",\n  },\n}\n`);
  expect(statSync(paths.configFile).mode & 0o777).toBe(0o600);
  expect(await openclaw("config", "get", "gateway.token")).toMatchObject({ out: "********\n" });
  expect((await openclaw("config", "get")).out).not.toContain(STRONG);
});

test("AUTH-4 a placeholder, a short and a blank token are refused and nothing is written", async () => {
  for (const token of ["your-generated-token", "short", " "]) {
    await expect(openclaw("config", "set", "gateway.token", token)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  }
  expect(existsSync(paths.configFile)).toBe(false);
});

test("AUTH-4 config set gateway.token - reads it from standard input, so that no list of processes shows it", async () => {
  const { out, err } = await openclawWith(`${STRONG}\n`, "config", "set", "gateway.token", "-");
  expect(out + err).not.toContain(STRONG);
  expect(readFileSync(paths.configFile, "utf8")).toContain(`token: "${STRONG}"`);
  await expect(openclawWith("\n", "config", "set", "gateway.token", "-")).rejects.toMatchObject({
    code: "INVALID_INPUT",
  });
  await expect(openclawWith("short\n", "config", "set", "gateway.token", "-")).rejects.toThrow("shorter than 24");
  expect(readFileSync(paths.configFile, "utf8")).toContain(`token: "${STRONG}"`);
});

test("AUTH-11 a reference is kept and shown as written", async () => {
  await openclaw("config", "set", "security.apiKeys.openai", "${OPENAI_API_KEY}");
  expect(await openclaw("config", "get", "security.apiKeys.openai")).toMatchObject({ out: "${OPENAI_API_KEY}\n" });
  expect(readFileSync(paths.configFile, "utf8")).toContain('openai: "${OPENAI_API_KEY}"');
});

test("RATE-1 a nested number is set, comments stay, and the value in force follows", async () => {
  write("{\n  // limits\n  security: { rateLimit: { enabled: true /* on */ } },\n}\n");
  await openclaw("config", "set", "security.rateLimit.global.maxRequests", "10");
  expect(readFileSync(paths.configFile, "utf8")).toBe(
    "{\n  // limits\n  security: { rateLimit: { enabled: true, /* on */ global: {\n    maxRequests: 10,\n  } } },\n}\n",
  );
  expect(JSON.parse((await openclaw("config", "get", "security.rateLimit.global")).out)).toMatchObject({
    windowMs: 900_000,
    maxRequests: 10,
  });
});

test("text keys take digits as text, others read JSON5", async () => {
  await openclaw("config", "set", "channels.api.permissions.allowedUsers", '["1", "2"]');
  await openclaw("config", "set", "channels.api.permissions.allowedUsers[2]", "491");
  await openclaw("config", "set", "security.storage.configPermissions", "600");
  await openclaw("config", "set", "security.sandboxing.docker.limits.cpu", "1.5");
  expect(JSON.parse((await openclaw("config", "get", "channels.api.permissions.allowedUsers")).out)).toEqual([
    "1",
    "2",
    "491",
  ]);
  expect(await openclaw("config", "get", "security.storage.configPermissions")).toMatchObject({ out: "600\n" });
  expect(await openclaw("config", "get", "security.sandboxing.docker.limits.cpu")).toMatchObject({ out: "1.5\n" });
});

test("a bad value, an unknown key and an unreadable file are refused without a trace", async () => {
  const text = "{ gateway: { port: 1 } }";
  write(text);
  await expect(openclaw("config", "set", "gateway.port", "many")).rejects.toThrow("gateway.port: must be a number");
  await expect(openclaw("config", "set", "gateway.prot", "1")).rejects.toThrow("Did you mean gateway.port?");
  await expect(openclaw("config", "set", "gateway.bind", "0.0.0.0")).rejects.toThrow("reachable from other machines");
  await expect(openclaw("config", "set", "a..b", "1")).rejects.toMatchObject({ code: "INVALID_INPUT" });
  await expect(openclaw("config", "get", "gateway.prot")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(openclaw("config", "get", "gateway.token")).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(readFileSync(paths.configFile, "utf8")).toBe(text);
  write("{ gateway: ");
  await expect(openclaw("config", "set", "gateway.port", "2")).rejects.toThrow("not valid JSON5");
  expect(readdirSync(paths.configDir)).toEqual(["openclaw.json5"]);
});

test("what was wrong before does not stop a change elsewhere, nor its own correction", async () => {
  write('{ gateway: { prot: 1, bind: "0.0.0.0" }, logging: { level: "loud" } }');
  await openclaw("config", "set", "logging.level", "debug");
  await openclaw("config", "set", "gateway.bind", "127.0.0.1");
  expect(readFileSync(paths.configFile, "utf8")).toBe(
    '{ gateway: { prot: 1, bind: "127.0.0.1" }, logging: { level: "debug" } }',
  );
});

test("a symbolic link stays a link", async () => {
  mkdirSync(paths.configDir, { recursive: true });
  const real = join(paths.home, "real.json5");
  writeFileSync(real, "{}");
  chmodSync(real, 0o644);
  symlinkSync(real, paths.configFile);
  await openclaw("config", "set", "gateway.port", "8080");
  expect(lstatSync(paths.configFile).isSymbolicLink()).toBe(true);
  expect(readFileSync(real, "utf8")).toContain("port: 8080");
  expect(statSync(real).mode & 0o777).toBe(0o600);
});

test("MON-5 validate lists errors and warnings at once and exits 6; with warnings only 0", async () => {
  write(
    '{\n  gateway: { prot: 1, token: "short" },\n  security: { encryption: { database: { iterations: 100000 } } },\n}\n',
  );
  for (const command of [
    ["config", "validate"],
    ["security", "validate-config"],
  ]) {
    const { out, exitCode } = await openclaw(...command);
    expect(exitCode).toBe(6);
    expect(out).toContain(
      `error    ${paths.configFile}:2:14 gateway.prot: is not a key of the configuration. Did you mean gateway.port?`,
    );
    expect(out).toContain(`error    ${paths.configFile}:2:23 gateway.token: is shorter than 24 characters.`);
    expect(out).toContain(`warning  ${paths.configFile}:3:41 security.encryption.database.iterations:`);
    expect(out).toContain("2 errors, 1 warning.");
  }
  write("{ security: { encryption: { database: { iterations: 100000 } } } }");
  const report = await openclaw("security", "validate-config", paths.configFile, "--json");
  expect(report.exitCode).toBe(0);
  expect(JSON.parse(report.out)).toMatchObject({
    valid: true,
    errors: 0,
    warnings: 1,
    problems: [{ path: "security.encryption.database.iterations", line: 1, severity: "warning" }],
  });
});

test("validate without a file speaks of the defaults; a named file must exist", async () => {
  const { out, exitCode } = await openclaw("config", "validate");
  expect(out).toContain("every setting has its default");
  expect(exitCode).toBe(0);
  await expect(openclaw("config", "validate", "/nonexistent.json5")).rejects.toMatchObject({ code: "NOT_FOUND" });
});
