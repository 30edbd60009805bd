import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { registerAccess } from "./access.ts";
import { registerExplain } from "./security-explain.ts";
import type { CliContext } from "../context.ts";
import { connectionsFile } from "#server/core/db/connections.ts";
import { ensureHome, homePaths, type HomePaths } from "#server/core/paths.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { createTestDatabase, type TestDatabase } from "../../tests/support/database.ts";

/** The access sections as the guide writes them. */
const GUIDE = `{
  security: {
    authorization: {
      roles: {
        admin: { permissions: ["*"], channels: ["*"], commands: ["*"] },
        user: { permissions: ["read", "write"], channels: ["whatsapp", "telegram"], commands: ["help", "status", "ask"] },
      },
      users: { "user123": { role: "user", channels: ["whatsapp"], restrictions: { maxMessages: 100, timeWindow: "1h" } } },
    },
  },
  channels: { whatsapp: { permissions: {
    allowedUsers: ["user123", "user456"],
    allowedRoles: ["admin", "user"],
    blockedUsers: ["spam_user"],
    commands: { allowed: ["help", "status", "ask", "nosuch"], blocked: ["config", "admin"] },
  } } },
}`;

let database: TestDatabase;
let owner: Client;
let paths: HomePaths;
let out: string[];
let err: string[];
let exitCode: number;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = new Client({ connectionString: database.ownerUrl });
  await owner.connect();
  paths = homePaths(mkdtempSync(join(tmpdir(), "openclaw-access-")));
  ensureHome(paths);
  writeFileSync(connectionsFile(paths), JSON.stringify(database), { mode: 0o600 });
});
afterAll(async () => {
  rmSync(paths.home, { recursive: true, force: true });
  await owner.end();
  await database.drop();
});
beforeEach(() => {
  out = [];
  err = [];
  exitCode = 0;
  writeConfig("{}");
});

const writeConfig = (text: string): void => writeFileSync(paths.configFile, text, { mode: 0o600 });

async function openclaw(...args: string[]): Promise<void> {
  const context: CliContext = {
    paths,
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    setExitCode: (code) => {
      exitCode = code;
    },
  };
  const program = new Command("openclaw").exitOverride().configureOutput({ writeErr: (text) => void err.push(text) });
  registerAccess(program, context);
  registerExplain(program.command("security"), context);
  await program.parseAsync(["node", "openclaw", ...args]);
}

/** What a command printed with `--json`. */
async function asJson<T>(...args: string[]): Promise<T> {
  out = [];
  await openclaw(...args, "--json");
  return JSON.parse(out.join("\n")) as T;
}

const list = (noun: string) => asJson<Record<string, unknown>[]>("access", noun, "list");

describe("openclaw access", () => {
  it("AUTHZ-1 roles are listed, set in part and deleted", async () => {
    await openclaw("access", "roles", "set", "support", "--permissions", "read, tokens:read", "--channels", "slack");
    expect(out.join()).toBe("Role support is made: permissions read,tokens:read, channels slack, commands none.");
    expect(err.join()).toMatch(/needs a permission, a channel and a command/);
    expect(await asJson("access", "roles", "set", "support", "--commands", "help")).toMatchObject({
      before: { commands: [] },
      after: { name: "support", permissions: ["read", "tokens:read"], commands: ["help"] },
    });
    out = [];
    await openclaw("access", "roles", "list");
    expect(out[0]).toMatch(/^NAME +PERMISSIONS +CHANNELS +COMMANDS +WRITTEN IN$/);
    expect(out.find((line) => line.startsWith("support"))).toMatch(
      /^support +read,tokens:read +slack +help +role "support"$/,
    );
    expect((await list("roles")).map(({ name }) => name)).toEqual(["admin", "readonly", "support", "user"]);
    expect(await asJson("access", "roles", "delete", "support")).toEqual({ deleted: "support" });
    await expect(openclaw("access", "roles", "delete", "support")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(openclaw("access", "roles", "delete", "admin")).rejects.toThrow(/has to keep the permission "\*"/);
  });

  it("AUTHZ-2 users are listed, set in part and deleted", async () => {
    await openclaw("access", "users", "list");
    expect([out, err.join()]).toEqual([[], expect.stringContaining("openclaw access users set <id> --role user")]);
    await openclaw(
      "access",
      "users",
      "set",
      "user123",
      "--role",
      "user",
      "--max-messages",
      "100",
      "--time-window",
      "1h",
    );
    expect(out.join()).toBe("User user123 is made: role user, channels of the role, at most 100 messages in 3600 s.");
    await openclaw("access", "users", "set", "user123", "--channels", "");
    await openclaw("access", "users", "set", "user123", "--no-limit");
    expect(await list("users")).toEqual([
      { id: "user123", role: "user", channels: [], restrictions: null, memberId: null, source: 'user "user123"' },
    ]);
    await openclaw("access", "users", "set", "user123", "--all-channels");
    out = [];
    await openclaw("access", "users", "list");
    expect(out[1]).toMatch(/^user123 +user +of the role +none +- +user "user123"$/);
    await openclaw("access", "users", "delete", "user123");
    expect(out.at(-1)).toMatch(/User user123 is removed.*block the id/);
  });

  it.each<[string, string[], RegExp]>([
    ["half a limit", ["--role", "user", "--max-messages", "3"], /--time-window: a duration such as 1h/],
    ["the other half", ["--role", "user", "--time-window", "1h"], /--max-messages: a whole number/],
    ["a limit that is no number", ["--max-messages", "many", "--time-window", "1h"], /--max-messages: a whole number/],
    ["a length that is none", ["--max-messages", "3", "--time-window", "soon"], /--time-window: a duration/],
    ["two answers to one question", ["--channels", "api", "--all-channels"], /--all-channels: /],
    ["a new user without a role", [], /User role: "zoe" is new/],
  ])("refuses %s", async (_, options, message) => {
    await expect(openclaw("access", "users", "set", "zoe", ...options)).rejects.toThrow(message);
  });

  it("AUTHZ-3 channels are listed, set in part and deleted", async () => {
    await openclaw("access", "channels", "list");
    expect([out, err.join()]).toEqual([[], expect.stringContaining("openclaw access channels set")]);
    await openclaw("access", "channels", "set", "whatsapp", "--blocked-users", "spam_user");
    expect(err.at(-1)).toMatch(/lets nobody in/);
    await openclaw(
      "access",
      "channels",
      "set",
      "whatsapp",
      "--allowed-roles",
      "user",
      "--blocked-commands",
      "config,admin",
    );
    out = [];
    await openclaw("access", "channels", "list");
    expect(out[1]).toMatch(/^whatsapp +none +user +spam_user +\* +config,admin +channel "whatsapp"$/);
    await openclaw("access", "channels", "delete", "whatsapp");
    expect(await list("channels")).toEqual([]);
    const { rows } = await owner.query(
      `SELECT DISTINCT actor_type, actor_id FROM ${RECORDED} AS record WHERE event LIKE 'channel.%'`,
    );
    expect(rows).toEqual([{ actor_type: "operator", actor_id: "cli" }]);
  });

  it("AUTHZ-1 shows and does not change what the file owns", async () => {
    writeConfig(GUIDE);
    expect((await list("roles")).map(({ source }) => source)).toEqual([
      "security.authorization.roles.admin",
      "security.authorization.roles.user",
    ]);
    await expect(openclaw("access", "roles", "set", "support")).rejects.toThrow(
      `security.authorization.roles is written in ${paths.configFile}: change it there`,
    );
    await expect(openclaw("access", "users", "delete", "user123")).rejects.toThrow(
      /security\.authorization\.users is written in/,
    );
    await expect(openclaw("access", "channels", "delete", "whatsapp")).rejects.toThrow(/^channels is written in/);
  });
});

describe("openclaw security explain", () => {
  interface Answer {
    allow: boolean;
    code: string;
    because: string;
    file: string | null;
    role: string | null;
    trace: { check: string; passed: boolean; because: string }[];
    effective: { commands: string[]; channels: string[]; permissions: string[] };
    limits: { rule: string }[];
  }
  const explain = (...args: string[]) => asJson<Answer>("security", "explain", ...args);
  const lineOf = (text: string): number => GUIDE.split("\n").findIndex((line) => line.includes(text)) + 1;

  beforeEach(() => writeConfig(GUIDE));

  it("AUTHZ-5 says what is allowed, what is left and what counts it, and ends with 0", async () => {
    const answer = await explain("--user", "user123", "--channel", "whatsapp", "--command", "ask");
    expect(answer).toMatchObject({
      allow: true,
      code: "allowed",
      because: "security.authorization.roles.user.commands",
      role: "user",
      effective: { commands: ["help", "status", "ask"], channels: ["whatsapp"] },
    });
    expect(answer.file).toMatch(new RegExp(`^${paths.configFile}:${lineOf("user: {")}:\\d+$`));
    expect(answer.trace.length).toBeGreaterThan(5);
    expect(answer.trace.every(({ passed }) => passed)).toBe(true);
    expect(answer.limits.map(({ rule }) => rule)).toContain("security.authorization.users.user123.restrictions");
    expect(exitCode).toBe(0);
  });

  it.each<[string, string[], string, string, string | null]>([
    [
      "a blocked user",
      ["--user", "spam_user", "--channel", "whatsapp", "--command", "ask"],
      "user_blocked",
      "channels.whatsapp.permissions.blockedUsers",
      "blockedUsers",
    ],
    [
      "a stranger",
      ["--user", "stranger", "--channel", "whatsapp", "--command", "ask"],
      "user_not_allowed",
      "channels.whatsapp.permissions.allowedUsers",
      "allowedUsers",
    ],
    [
      "a blocked command",
      ["--user", "user456", "--channel", "whatsapp", "--command", "/Config"],
      "command_blocked",
      "channels.whatsapp.permissions.commands.blocked",
      "blocked: [",
    ],
    [
      "another channel",
      ["--user", "user123", "--channel", "telegram", "--command", "ask"],
      "channel_not_in_user",
      "security.authorization.users.user123.channels",
      'user123": {',
    ],
    ["an unknown role", ["--role", "ghost", "--command", "ask"], "role_unknown", 'role "ghost"', null],
    [
      "an unknown command",
      ["--role", "admin", "--channel", "api", "--command", "nosuch"],
      "unknown_command",
      'command "nosuch"',
      null,
    ],
    [
      "an unknown token",
      ["--token", "nosuchtoken0", "--command", "ask"],
      "token_unknown",
      'token "nosuchtoken0"',
      null,
    ],
  ])("AUTHZ-5 names the rule and its place for %s, and ends with 4", async (_, args, code, because, line) => {
    const answer = await explain(...args);
    expect(answer).toMatchObject({ allow: false, code, because });
    expect(answer.file?.split(":").at(-2) ?? null).toBe(line === null ? null : String(lineOf(line)));
    expect(exitCode).toBe(4);
  });

  it("AUTHZ-5 a token is looked up with all that narrows it, and one that has ended is said to have ended", async () => {
    const insert = `INSERT INTO token (id, name, owner_id, role_name, user_id, scopes, channels, secret_hash, pepper_id, last4, family_id, revoked_at)
                    VALUES ($1, 'bot', 'o', 'user', $2, $3, $4, '', 'p', '0000', $1, $5)`;
    await owner.query(insert, ["tokennarrow1", "user123", ["read"], ["whatsapp"], null]);
    await owner.query(insert, ["tokenrevoked", null, [], [], new Date(0)]);
    expect(await explain("--token", "tokennarrow1", "--channel", "whatsapp", "--command", "ask")).toMatchObject({
      code: "scope_missing",
      because: "token:tokennarrow1",
      effective: { permissions: ["status:read", "messages:read", "runs:read"], commands: ["help", "status"] },
    });
    expect(await explain("--token", "tokennarrow1", "--channel", "whatsapp", "--command", "help")).toMatchObject({
      allow: true,
    });
    expect(await explain("--token", "tokennarrow1", "--user", "user456", "--command", "help")).toMatchObject({
      code: "user_mismatch",
    });
    expect(await explain("--token", "tokenrevoked", "--command", "help")).toMatchObject({ code: "token_revoked" });
  });

  it("AUTHZ-5 reads for people: verdict, reason, place, checks", async () => {
    await openclaw("security", "explain", "--user", "spam_user", "--channel", "whatsapp", "--command", "ask");
    expect(out.slice(0, 3)).toEqual([
      expect.stringMatching(/^DENIED {2}\/ask on whatsapp for user spam_user, by a bot with role "user" /),
      '  User "spam_user" is blocked on channel "whatsapp".',
      expect.stringMatching(
        /^ {2}Decided by channels\.whatsapp\.permissions\.blockedUsers \(\/.*:\d+:\d+\) \[user_blocked\]$/,
      ),
    ]);
    expect(out).toContain("Checks:");
    expect(out.some((line) => line.startsWith("  FAIL  users blocked on the channel: "))).toBe(true);
  });

  it("is on record, and wrong use is answered by the name of the option", async () => {
    await explain("--role", "admin", "--command", "status", "--channel", "slack");
    const { rows } = await owner.query(
      `SELECT actor_id, reason, because, data FROM ${RECORDED} AS record WHERE event = 'policy.explained' ORDER BY n DESC LIMIT 1`,
    );
    expect(rows).toEqual([
      {
        actor_id: "cli",
        reason: "allowed",
        because: "security.authorization.roles.admin.commands",
        data: { command: "status", role: "admin", token: null },
      },
    ]);
    await expect(openclaw("security", "explain", "--command", "ask")).rejects.toThrow(/--user, --token or --role/);
    await expect(openclaw("security", "explain", "--user", "a b", "--command", "ask")).rejects.toThrow(/^--user: /);
    await expect(openclaw("security", "explain", "--role", "a", "--token", "b", "--command", "x")).rejects.toThrow(
      /^--role: name a token or a role/,
    );
    await expect(openclaw("security", "explain", "--user", "a")).rejects.toMatchObject({
      code: "commander.missingMandatoryOptionValue",
    });
  });
});
