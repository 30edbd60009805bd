import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { registerGateway } from "./gateway.ts";
import type { CliContext } from "../context.ts";
import { connectionsFile } from "#server/core/db/connections.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";

let database: TestDatabase;
let paths: HomePaths;
let out: string[];
let err: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-cli-")));
  ensureHome(paths);
  writeFileSync(connectionsFile(paths), JSON.stringify(database), { mode: 0o600 });
});
afterAll(async () => {
  rmSync(paths.home, { recursive: true, force: true });
  await database.drop();
});
beforeEach(() => {
  out = [];
  err = [];
});

async function openclaw(...args: string[]): Promise<void> {
  const context: CliContext = {
    paths,
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    setExitCode: () => undefined,
  };
  const program = new Command("openclaw").exitOverride();
  registerGateway(program, context);
  await program.parseAsync(["node", "openclaw", "gateway", ...args]);
}

describe("openclaw gateway", () => {
  it("AUTH-1 generate-token without any option prints one token on standard output and what to know on standard error", async () => {
    await openclaw("generate-token");
    expect(out).toEqual([expect.stringMatching(/^ocg_\w{12}_[\w-]{43}\w{6}$/)]);
    expect(err.join("\n")).toMatch(/role "user", expires .*not shown again/s);
  });

  it("AUTH-1 takes every option and answers with id, token and expiry as JSON", async () => {
    const options = [
      "--name",
      "bot",
      "--role",
      "admin",
      "--owner",
      "ana",
      "--user",
      "ana",
      "--scopes",
      "read, runs:create",
      "--channels",
      "api,slack",
    ];
    await openclaw("generate-token", ...options, "--allowed-ips", "10.0.0.0/8,::1", "--expires", "30d", "--json");
    const created = JSON.parse(out.join("\n")) as { id: string; token: string; expiresAt: string };
    expect(Object.keys(created)).toEqual(["id", "token", "expiresAt"]);
    const days = (Date.parse(created.expiresAt) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29.9);
    expect(days).toBeLessThan(30.1);

    out = [];
    await openclaw("list-tokens", "--owner", "ana", "--json");
    expect(JSON.parse(out.join("\n"))).toMatchObject([
      {
        id: created.id,
        name: "bot",
        role: "admin",
        userId: "ana",
        scopes: ["read", "runs:create"],
        channels: ["api", "slack"],
        allowedIps: ["10.0.0.0/8", "::1"],
        state: "active",
      },
    ]);
    expect(out.join("\n")).not.toContain(created.token.slice(18, 50));
  });

  it("AUTH-3 list-tokens shows a table with the hint, never the secret; revoked ones only with --all", async () => {
    await openclaw("generate-token", "--name", "gone", "--owner", "eve", "--expires", "never", "--json");
    const { id, token } = JSON.parse(out.join("\n")) as { id: string; token: string };
    await openclaw("revoke-token", id, "--reason", "laptop lost");
    await openclaw("revoke-token", id);
    expect(out.slice(-2)).toEqual([`Token ${id} is revoked.`, `Token ${id} was revoked before.`]);

    out = [];
    await openclaw("list-tokens", "--owner", "eve");
    expect([out, err.at(-1)]).toEqual([[], expect.stringContaining("no live token")]);
    await openclaw("list-tokens", "--owner", "eve", "--all");
    expect(out[0]).toMatch(/^ID +NAME +OWNER +ROLE +TOKEN +CREATED +LAST USED +FROM +EXPIRES +STATE$/);
    expect(out[1]).toMatch(new RegExp(`^${id} +gone +eve +user +ocg_${id}_…${token.slice(-4)} .* never +revoked$`));
    expect(out.join("\n")).not.toContain(token.slice(18, 50));
  });

  it.each<[string, string[], RegExp]>([
    [
      "an unknown role",
      ["generate-token", "--role", "ghost"],
      /"ghost" does not exist.*admin, readonly, user|"ghost" does not exist/,
    ],
    ["a bad lifetime", ["generate-token", "--expires", "soon"], /--expires: "soon" is not a duration/],
    ["a bad format", ["list-tokens", "--format", "xml"], /--format: "xml"/],
    ["an unknown token", ["revoke-token", "nosuchtoken0"], /no token "nosuchtoken0".*list-tokens/],
  ])("refuses %s and says what to do", async (_name, args, message) => {
    await expect(openclaw(...args)).rejects.toThrow(message);
  });

  it("says to start the gateway when nothing runs in this home", async () => {
    const running = paths;
    paths = homePaths(join(running.home, "elsewhere"));
    await expect(openclaw("list-tokens")).rejects.toThrow(/npm start/);
    paths = running;
  });
});
