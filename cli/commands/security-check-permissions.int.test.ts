/** `openclaw security check-permissions` on a real home with a database. */
import { chmodSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { registerGateway } from "./gateway.ts";
import { registerCheckPermissions } from "./security-check-permissions.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { openTestKeyring } from "../../tests/support/keyring.ts";
import { connectionsFile } from "#server/core/db/connections.ts";

let bench: CliBench;

beforeAll(async () => {
  bench = await openCliBench((program, context) => {
    registerCheckPermissions(program.command("security"), context);
    registerGateway(program, context);
  });
  await openTestKeyring(bench.paths.keysDir);
});
afterAll(() => bench.close());
beforeEach(() => bench.configure("{}"));

interface Report {
  checked: number;
  problems: { path: string; problem: string }[];
  fixed: { path: string }[];
  failed: unknown[];
  access: { kind: string }[];
  notChecked: string[];
}

const run = (...args: string[]) => bench.run("security", "check-permissions", ...args);
async function json(...args: string[]): Promise<Report & { exitCode: number }> {
  const { out, exitCode } = await run(...args, "--json");
  return { ...(JSON.parse(out.join("\n")) as Report), exitCode };
}
const keyring = (): string => join(bench.paths.keysDir, "keyring.json");
const recorded = () =>
  bench.sql<{ data: unknown }>(`SELECT data FROM ${RECORDED} AS record WHERE event = 'permissions.fixed'`);

test("DATA-4 MON-6 a sound home: nothing is wrong, exit 0", async () => {
  const { out, err, exitCode } = await run();
  expect({ out, exitCode }).toEqual({ out: [], exitCode: 0 });
  expect(err).toEqual([expect.stringMatching(/^\d+ files and folders checked: nothing is wrong\.$/)]);
  expect(await json()).toMatchObject({ exitCode: 0, problems: [], access: [], notChecked: [], fixed: [] });
});

test("DATA-4 planted faults are named with their repair, exit 1; --fix repairs them, exit 0, and it is on record", async () => {
  chmodSync(keyring(), 0o644);
  chmodSync(bench.paths.configFile, 0o666);
  const { out, exitCode } = await run();
  expect(exitCode).toBe(1);
  expect(out[0]).toMatch(/^PATH +IS +SHOULD BE +WHY +FIX$/);
  expect(out.slice(1).map((line) => line.split(/ {2,}/))).toEqual([
    [
      bench.paths.configFile,
      "0666",
      "0600 or less",
      "other accounts can change it",
      `chmod 0600 ${bench.paths.configFile}`,
    ],
    [keyring(), "0644", "0600 or less", "other accounts can read it", `chmod 0600 ${keyring()}`],
  ]);
  expect((statSync(keyring()).mode & 0o777).toString(8)).toBe("644");

  const fixed = await json("--fix");
  expect(fixed).toMatchObject({
    exitCode: 0,
    problems: [],
    failed: [],
    fixed: [{ path: bench.paths.configFile }, { path: keyring() }],
  });
  expect((statSync(keyring()).mode & 0o777).toString(8)).toBe("600");
  expect(await recorded()).toEqual([
    {
      data: {
        count: 2,
        files: [
          { path: bench.paths.configFile, from: "0666", to: "0600" },
          { path: keyring(), from: "0644", to: "0600" },
        ],
      },
    },
  ]);
  await run("--fix");
  expect(await recorded()).toHaveLength(1);
});

test("DATA-4 a link planted at a key stays reported after --fix, and what it leads to is not touched", async () => {
  const victim = join(bench.paths.cacheDir, "victim");
  writeFileSync(victim, "x", { mode: 0o644 });
  const link = join(bench.paths.keysDir, "session-secret");
  symlinkSync(victim, link);
  try {
    expect(await json("--fix")).toMatchObject({ exitCode: 1, problems: [{ path: link, problem: "link" }], fixed: [] });
    expect((statSync(victim).mode & 0o777).toString(8)).toBe("644");
  } finally {
    rmSync(link);
  }
});

test("MON-6 roles and tokens are looked at in the database; without it that part is said not to be checked", async () => {
  await bench.run("gateway", "generate-token", "--role", "admin", "--expires", "never");
  await bench.sql(
    "INSERT INTO role (name, permissions, channels, commands) VALUES ('forgotten', '{read}', '{}', '{}')",
  );
  const { out } = await run();
  expect(out.join("\n")).toMatch(/role forgotten +no user and no live token has it/);
  expect(await json()).toMatchObject({
    exitCode: 1,
    problems: [],
    access: [{ kind: "unused_role" }, { kind: "endless_token" }],
  });

  const connections = readFileSync(connectionsFile(bench.paths));
  rmSync(connectionsFile(bench.paths));
  try {
    expect(await json()).toMatchObject({
      exitCode: 0,
      access: [],
      notChecked: [expect.stringContaining("roles and tokens")],
    });
  } finally {
    writeFileSync(connectionsFile(bench.paths), connections, { mode: 0o600 });
  }
});
