/** Policies of the database on a running gateway: what it decides, what it says about it, how soon a change is in force. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  isKnownPermission,
  saveChannel,
  saveRole,
  saveUser,
  unlimitedGrantor,
  type PolicyEditDeps,
} from "#server/access/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { createDb } from "#server/core/db/client.ts";
import { createPool } from "#server/core/db/pool.ts";
import {
  forbidden,
  randomPolicy,
  randomPrincipal,
  ROLES,
  SPACE,
  type Asked,
  type Narrowing,
  type RandomPolicy,
} from "../../tests/support/policy-model.ts";
import { startServer, type TestServer } from "../../tests/support/server.ts";

interface Answer {
  status: number;
  requestId: string | null;
  error?: { code: string; message: string; details?: { reason?: string; because?: string } };
  decision?: { code: string; because: string };
  [field: string]: unknown;
}

let server: TestServer;
let admin: string;
let deps: PolicyEditDeps;
let close: () => Promise<void>;
const operator = unlimitedGrantor({ type: "operator", id: "test" });

beforeAll(async () => {
  server = await startServer("{ security: { rateLimit: { enabled: false } } }");
  admin = (await server.token({ role: "admin" })).token;
  const pool = createPool({ connectionString: server.database.appUrl, name: "test", max: 2 });
  const db = createDb(pool);
  const configured = { enabled: true, roles: undefined, users: undefined, channels: undefined };
  deps = { db, clock: systemClock, configured, configFile: server.home.configFile };
  close = async () => {
    await db.$disconnect();
    await pool.end();
  };
});
afterAll(async () => {
  await close();
  await server.stop();
});

async function post(path: string, token: string, body: object): Promise<Answer> {
  const response = await fetch(`${server.url}/api/v1/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const fields = (await response.json()) as Omit<Answer, "status" | "requestId">;
  return { ...fields, status: response.status, requestId: response.headers.get("x-request-id") };
}
const say = (token: string, text: string, place: { channel?: string; user?: string } = {}) =>
  post("messages", token, { text, ...place });
const reasonOf = ({ status, error }: Answer): string =>
  `${status} ${error?.details?.reason ?? error?.code ?? ""}`.trim();

/** Text that gives the command and, once let through, does nothing. */
const TEXTS: Record<string, string> = { help: "/help", ask: "what now?", run: "/run", config: "/config" };
/** How the gateway answers such a text once it is let through. */
const PASSED: Record<string, string> = {
  help: "200",
  ask: "503 not_configured",
  run: "400 invalid_input",
  config: "404 unknown_command",
};

describe("AUTHZ-1 AUTHZ-2 AUTHZ-3 AUTHZ-5 300 random cases over HTTP", () => {
  const POLICIES = 15;
  const CASES = 20;

  /** Puts the policy in place of the one before; `mark` shows in the observer's permissions once it is in force. */
  async function write({ stored }: RandomPolicy, mark: string): Promise<void> {
    await server.sql("BEGIN");
    await server.sql("DELETE FROM role WHERE name = ANY($1)", [ROLES]);
    await server.sql("DELETE FROM gateway_user");
    await server.sql("DELETE FROM channel_policy");
    for (const { name, permissions, channels, commands } of stored.roles) {
      await server.sql("INSERT INTO role (name, permissions, channels, commands) VALUES ($1, $2, $3, $4)", [
        name,
        permissions,
        channels,
        commands,
      ]);
    }
    for (const { id, roleName, channels } of stored.users) {
      await server.sql("INSERT INTO gateway_user (id, role_name, channels) VALUES ($1, $2, $3)", [
        id,
        roleName,
        channels,
      ]);
    }
    for (const rules of stored.channels) {
      await server.sql(
        `INSERT INTO channel_policy (channel, allowed_users, allowed_roles, blocked_users, allowed_commands, blocked_commands)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [
          rules.channel,
          rules.allowedUsers,
          rules.allowedRoles,
          rules.blockedUsers,
          rules.allowedCommands,
          rules.blockedCommands,
        ],
      );
    }
    await server.sql("UPDATE role SET permissions = ARRAY['status:read', $1] WHERE name = 'observer'", [mark]);
    await server.sql("COMMIT");
  }

  it("live answer, explanation and model agree", async () => {
    await server.sql(
      "INSERT INTO role (name, permissions, channels, commands) VALUES ('observer', '{status:read}', '{*}', '{*}')",
    );
    for (const name of ROLES) {
      await saveRole(deps, operator, { name, permissions: ["*"], channels: ["*"], commands: ["*"] });
    }
    const observer = (await server.token({ role: "observer" })).token;
    const senders: (Narrowing & { id: string; token: string })[] = [];
    for (const { role, scopes, channels, boundUserId } of fc.sample(randomPrincipal, 8)) {
      const known = scopes.filter(isKnownPermission);
      const made = await server.token({
        role,
        scopes: known,
        channels: [...channels],
        userId: boundUserId ?? undefined,
      });
      senders.push({ ...made, role, scopes: known, channels, boundUserId });
    }

    const held = async (): Promise<unknown> => {
      const response = await fetch(`${server.url}/api/v1/whoami`, { headers: { authorization: `Bearer ${observer}` } });
      return ((await response.json()) as { permissions: unknown }).permissions;
    };
    const putInForce = async (random: RandomPolicy, mark: string): Promise<void> => {
      await write(random, mark);
      await expect.poll(held, { interval: 5 }).toContain(mark);
    };

    for (const [number, random] of fc.sample(randomPolicy, POLICIES).entries()) {
      await putInForce(random, `mark-${number}`);
      const pairs = fc.sample(fc.tuple(fc.constantFrom(...senders), fc.constantFrom(...SPACE)), CASES);
      for (const [sender, asked] of pairs) {
        const reasons = [...forbidden({ ...random, enabled: true }, sender)]
          .filter(([, region]) => region.has(asked))
          .map(([reason]) => reason);
        const place = JSON.stringify({ random, sender: { ...sender, token: "" }, asked, reasons });
        await agree(sender, asked, reasons, place);
      }
    }
    const inFile = { roles: false, users: false, channels: false };
    await putInForce({ enabled: true, stored: { roles: [], users: [], channels: [] }, inFile }, "mark-end");
  });

  async function agree(
    sender: { id: string; token: string },
    { channel, user, command }: Asked,
    reasons: readonly string[],
    place: string,
  ): Promise<void> {
    const named = user === null ? { channel } : { channel, user };
    const answer = await say(sender.token, TEXTS[command] ?? "", named);
    const explained = await post("explain", admin, { token: sender.id, command, ...named });
    expect(explained.status, place).toBe(200);
    if (answer.status !== 403) {
      expect(reasons, place).toEqual([]);
      expect(reasonOf(answer), place).toBe(PASSED[command]);
      expect(explained, place).toMatchObject({ allow: command !== "config" });
      if (answer.decision !== undefined) {
        expect(explained, place).toMatchObject({ code: answer.decision.code, because: answer.decision.because });
      }
      return;
    }
    expect(reasons, place).toContain(answer.error?.details?.reason);
    expect(explained, place).toMatchObject({
      allow: false,
      code: answer.error?.details?.reason,
      because: answer.error?.details?.because,
      message: answer.error?.message,
    });
  }
});

describe("GHSA-9vvh CVE-2026-33578 GHSA-2gvc every kind of message meets the same rules", () => {
  const KINDS: readonly [
    kind: string,
    send: (token: string, place: { channel: string; user?: string }) => Promise<Answer>,
  ][] = [
    ["command", (token, place) => say(token, "/help", place)],
    ["command in capitals", (token, place) => say(token, "/HELP", place)],
    ["command to a bot's name", (token, place) => say(token, "/help@gateway_bot", place)],
    ["plain text", (token, place) => say(token, "hello", place)],
    ["code", (token, place) => say(token, "/run sh\nid", place)],
    ["unknown command", (token, place) => say(token, "/nosuch", place)],
    ["run by the API", (token, place) => post("runs", token, { language: "sh", code: "id", ...place })],
  ];
  const CLOSED: readonly [policy: string, rules: Parameters<typeof saveChannel>[2]][] = [
    ["empty-lists", { channel: "empty-lists" }],
    ["others-only", { channel: "others-only", allowedUsers: ["somebody"], allowedRoles: ["readonly"] }],
    ["no-command", { channel: "no-command", allowedUsers: ["*"], allowedRoles: ["*"], allowedCommands: [] }],
    [
      "commands-blocked",
      { channel: "commands-blocked", allowedUsers: ["*"], allowedRoles: ["*"], blockedCommands: ["*"] },
    ],
    ["users-blocked", { channel: "users-blocked", allowedUsers: ["*"], allowedRoles: ["*"], blockedUsers: ["*"] }],
  ];

  it.each(CLOSED)(
    "AUTHZ-3 %s: closed for every kind of message and every sender, and on record",
    async (channel, rules) => {
      const bot = (await server.token({ role: "admin" })).token;
      const own = (await server.token({ role: "admin", userId: "zoe" })).token;
      await saveUser(deps, operator, { id: "boss", role: "admin" });
      await saveChannel(deps, operator, rules);
      await expect
        .poll(async () => (await say(bot, "/help", { channel, user: "stranger" })).status, { interval: 5 })
        .toBe(403);
      const senders: [token: string, user: string | undefined][] = [
        [bot, "stranger"],
        [bot, "boss"],
        [own, undefined],
        [own, "zoe"],
      ];
      // Blocking every user leaves the credential itself, which is none.
      if (channel !== "users-blocked") {
        senders.push([bot, undefined]);
      }
      for (const [kind, send] of KINDS) {
        for (const [token, user] of senders) {
          const answer = await send(token, user === undefined ? { channel } : { channel, user });
          expect([kind, user, answer.status]).toEqual([kind, user, 403]);
          expect(await server.events(answer.requestId)).toMatchObject([
            { event: "access.denied", reason: answer.error?.details?.reason, because: answer.error?.details?.because },
          ]);
        }
      }
    },
  );
});

describe("AUTHZ-5 POST /api/v1/explain", () => {
  it("answers anybody about themselves, and about others only who may explain the policy", async () => {
    const own = await server.token({ role: "readonly", userId: "una" });
    const bot = await server.token({ role: "readonly" });
    const free: [string, object][] = [
      [own.token, { command: "status" }],
      [own.token, { command: "status", user: "una", token: own.id }],
      [bot.token, { command: "status" }],
    ];
    for (const [token, body] of free) {
      expect(await post("explain", token, body)).toMatchObject({ status: 200, allow: true, sender: "this token" });
    }
    const others: [string, object][] = [
      [own.token, { command: "status", user: "ana" }],
      [own.token, { command: "status", token: bot.id }],
      [own.token, { command: "status", role: "readonly" }],
      [bot.token, { command: "status", user: "una" }],
    ];
    for (const [token, body] of others) {
      const refused = await post("explain", token, body);
      expect(reasonOf(refused)).toBe("403 permission_missing");
      expect(await server.events(refused.requestId)).toMatchObject([
        { event: "access.denied", data: { permission: "policy:explain" } },
      ]);
      expect(await post("explain", admin, body)).toMatchObject({ status: 200 });
    }
  });

  it("says who decided, by which rule, after which checks, what is left and what counts it, and is on record", async () => {
    const asked = await post("explain", admin, { role: "readonly", user: "una", channel: "api", command: "/ASK" });
    expect(asked).toMatchObject({
      status: 200,
      allow: false,
      code: "command_not_in_role",
      because: 'role "readonly".commands',
      role: "readonly",
      effective: {
        commands: ["help", "status"],
        channels: ["*"],
        permissions: ["status:read", "messages:read", "runs:read"],
      },
      limits: [],
    });
    expect(asked["trace"]).toContainEqual({
      check: "commands of the credential's role",
      passed: false,
      because: 'role "readonly".commands',
      message: 'Role "readonly" may not use command "ask" (it may use: help, status).',
    });
    expect(await server.events(asked.requestId)).toMatchObject([
      {
        event: "policy.explained",
        outcome: "ok",
        reason: "command_not_in_role",
        user_id: "una",
        data: { command: "ask", role: "readonly" },
      },
    ]);
  });

  it("answers about names that nothing bears, with the reason", async () => {
    const code = async (body: object) => (await post("explain", admin, { command: "help", ...body }))["code"];
    expect(await code({ role: "ghost" })).toBe("role_unknown");
    expect(await code({ role: "__proto__" })).toBe("role_unknown");
    expect(await code({ token: "nosuchtoken0" })).toBe("token_unknown");
    expect(await code({ command: "nosuch" })).toBe("unknown_command");
    expect(await code({ user: "nobody-knows-me" })).toBe("allowed");
  });

  it.each<[string, object, string]>([
    ["no command", {}, "command"],
    ["a command that cannot be", { command: "rm -rf /" }, "command"],
    ["a channel that cannot be", { command: "help", channel: "../x" }, "channel"],
    ["a user that cannot be", { command: "help", user: "a\u0000b" }, "user"],
    ["a token and a role", { command: "help", token: "t", role: "r" }, "role"],
    ["a field that is none", { command: "help", scope: "*" }, "(body)"],
  ])("refuses %s by the name of the field", async (_, body, field) => {
    const answer = await post("explain", admin, body);
    expect([answer.status, answer.error?.message.split(":")[0]]).toEqual([400, field]);
  });
});

describe("changes of the policy", () => {
  it("AUTHZ-1 AUTHZ-2 AUTHZ-3 are in force within a second, without a restart", async () => {
    await saveRole(deps, operator, { name: "courier", permissions: ["read"], channels: ["desk"], commands: ["help"] });
    const courier = (await server.token({ role: "courier" })).token;
    const speak = async (): Promise<string> => reasonOf(await say(courier, "/help", { channel: "desk", user: "kim" }));
    const within = { timeout: 1_000, interval: 10 };
    await expect.poll(speak, within).toBe("200");

    await saveChannel(deps, operator, { channel: "desk", allowedUsers: ["lee"] });
    await expect.poll(speak, within).toBe("403 user_not_allowed");
    await saveUser(deps, operator, { id: "kim", role: "courier" });
    await saveChannel(deps, operator, { channel: "desk", allowedRoles: ["courier"] });
    await expect.poll(speak, within).toBe("200");
    await saveUser(deps, operator, { id: "kim", channels: [] });
    await expect.poll(speak, within).toBe("403 channel_not_in_user");
    await saveRole(deps, operator, { name: "courier", commands: [] });
    await expect.poll(speak, within).toBe("403 command_not_in_role");
  });
});
