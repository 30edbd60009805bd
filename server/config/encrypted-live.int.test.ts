/** A running gateway whose configuration holds encrypted values. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TestServer } from "../../tests/support/server.ts";
import { planDecryption, planEncryption } from "#server/config/index.ts";
import { openKeyring, type Keyring } from "#server/core/crypto/keyring/index.ts";

const TOKEN = "k3Zt9QwLx7VbN2mRf8Yc5HjP";
const TEXT = `{ gateway: { token: "${TOKEN}" }, security: { apiKeys: { openai: "canary-key", google: "\${CANARY_GOOGLE}" } } }`;

let server: TestServer;
let keyring: Keyring;

beforeAll(async () => {
  server = await startServer(TEXT, { env: { CANARY_GOOGLE: "canary-from-the-environment" } });
  keyring = await openKeyring(server.home, {});
});
afterAll(() => server.stop());

const statusWith = async (token: string): Promise<number> =>
  (await fetch(`${server.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${token}` } })).status;
const fileText = (): string => readFileSync(server.home.configFile, "utf8");

async function settled(event: string, count: number): Promise<void> {
  await expect.poll(async () => (await server.recorded(event)).length, { timeout: 10_000 }).toBe(count);
}

test("DATA-2 AUTH-4 AUTH-11 encrypting under a running gateway changes nothing for its clients, and nothing expanded comes to the file", async () => {
  expect(await statusWith(TOKEN)).toBe(200);
  await settled("config.loaded", 1);
  const plan = planEncryption(server.home.configFile);
  plan.write(plan.convert(keyring));
  const sealed = fileText();
  expect(sealed).not.toMatch(/canary-key|canary-from|k3Zt9Q/);
  expect(sealed).toContain("${CANARY_GOOGLE}");
  await settled("config.changed", 1);
  expect(await statusWith(TOKEN)).toBe(200);
  const stored = /token: "([^"]+)"/.exec(sealed)?.[1] ?? "";
  expect(await statusWith(stored)).toBe(401);
});

test("DATA-2 a value that does not open is refused, and the last good configuration stays in force", async () => {
  const sealed = fileText();
  const openai = /openai: "([^"]+)"/.exec(sealed)?.[1] ?? "";
  writeFileSync(server.home.configFile, sealed.replace(/token: "[^"]+"/, `token: "${openai}"`));
  await settled("config.rejected", 1);
  expect(await statusWith(TOKEN)).toBe(200);
  expect(await statusWith("canary-key")).toBe(401);
  writeFileSync(server.home.configFile, sealed);
  await settled("config.changed", 2);

  const plan = planDecryption(server.home.configFile);
  plan.write(plan.convert(keyring));
  expect(fileText()).toBe(TEXT);
  await settled("config.changed", 3);
  expect(await statusWith(TOKEN)).toBe(200);
  const rows = await server.sql("SELECT * FROM audit_intake");
  expect(JSON.stringify(rows)).not.toMatch(/canary|k3Zt9Q/);
});
