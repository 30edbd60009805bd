import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { registerConfig } from "./config.ts";

const SECRET = "Zk3vQm8sT1xW7pLr9nBd2FhJ";
let bench: CliBench;
let file: string;

beforeAll(async () => {
  bench = await openCliBench((program, context) => registerConfig(program, context));
  await openTestKeyring(bench.paths.keysDir);
  file = join(bench.paths.home, "new.json5");
});
afterAll(() => bench.close());

test("diff shows lines and settings without secrets, apply writes, history lists, rollback brings back", async () => {
  bench.configure(`{ gateway: { port: 1 } }\n`);
  writeFileSync(file, `{ gateway: { port: 2, token: "${SECRET}" } }\n`);
  const diff = await bench.run("config", "diff", file);
  expect(diff.exitCode).toBe(1);
  expect(diff.out.join("\n")).toContain("gateway.port: 1 → 2  [next start]");
  expect(diff.out.join("\n")).not.toContain(SECRET);

  expect(await bench.run("config", "apply", file)).toMatchObject({ exitCode: 0 });
  expect(readFileSync(bench.paths.configFile, "utf8")).toContain(SECRET);
  writeFileSync(file, `{ gateway: { port: 3 } }\n`);
  await bench.run("config", "apply", file);

  const versions = JSON.parse((await bench.run("config", "history", "--json")).out.join("\n")) as { id: string }[];
  expect(versions).toHaveLength(2);
  expect(JSON.stringify(versions)).not.toContain(SECRET);
  expect(await bench.run("config", "rollback", versions[1]?.id ?? "")).toMatchObject({ exitCode: 0 });
  expect(readFileSync(bench.paths.configFile, "utf8")).toContain("port: 2");
  const rows = await bench.sql<{ events: string }>("SELECT events FROM audit_intake");
  const recorded = rows.map(({ events }) => events).join("");
  expect(recorded.match(/config\.applied/g)).toHaveLength(3);
  expect(recorded).not.toContain(SECRET);
});

test("a text with an error is refused with its line, and nothing is written", async () => {
  bench.configure(`{ gateway: { port: 1 } }\n`);
  writeFileSync(file, `{\n  gateway: { port: "x" },\n}\n`);
  const refused = await bench.run("config", "apply", file);
  expect(refused.exitCode).toBe(6);
  expect(refused.err.join("\n")).toMatch(/:2:\d+ gateway\.port/);
  expect(readFileSync(bench.paths.configFile, "utf8")).toContain("port: 1");
});

test("export prints what the database owns", async () => {
  bench.configure(`{ channels: {} }\n`);
  const { out, exitCode } = await bench.run("config", "export");
  expect(exitCode).toBe(0);
  expect(out.join("\n")).toMatch(/roles: \{\n +admin: \{/);
  expect(out.join("\n")).not.toMatch(/^ {2}channels: \{/m);
});
