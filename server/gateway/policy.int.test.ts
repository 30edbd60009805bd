import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../tests/support/server.ts";

const CONFIG_TOKEN = "kX9-vT2-configured-by-the-operator";
const POLICY = `
  authorization: {
    roles: {
      admin: { permissions: ["*"], channels: ["*"], commands: ["*"] },
      user: { permissions: ["read", "write"], channels: ["whatsapp", "telegram"], commands: ["help", "status", "ask"] },
    },
    users: { user123: { role: "user", channels: ["whatsapp"], restrictions: { maxMessages: 3, timeWindow: "1h" } } },
  },`;
const config = (security: string, more = "") => `{
  gateway: { token: "${CONFIG_TOKEN}" },
  security: { ${security} },
  channels: { whatsapp: { permissions: { allowedUsers: ["user123", "user456"], allowedRoles: ["admin", "user"], blockedUsers: ["spam_user"], commands: { allowed: ["help", "status", "ask"], blocked: ["config", "admin"] } } } },
  ${more}
}`;
const LIMITS = `rateLimit: { global: { windowMs: 900000, maxRequests: 1000 }, perUser: { windowMs: 900000, maxRequests: 6, skipSuccessfulRequests: false } },`;

let server: TestServer;
beforeAll(async () => {
  server = await startServer(config(POLICY + LIMITS));
});
afterAll(() => server.stop());

async function say(text: string, body: object = {}, token = CONFIG_TOKEN) {
  const response = await fetch(`${server.url}/api/v1/messages`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ text, ...body }),
  });
  const answer = (await response.json()) as {
    error?: { code: string; details?: { reason?: string; because?: string; rule?: string } };
    decision?: object;
  };
  return { status: response.status, headers: response.headers, ...answer };
}

describe("a policy in the configuration file", () => {
  it("AUTH-4 gateway.token is accepted as the guide writes it, with the rights of the admin role; a near miss is not", async () => {
    expect(await say("/help")).toMatchObject({
      status: 200,
      decision: { role: "admin", because: "security.authorization.roles.admin.commands" },
    });
    expect((await say("/help", {}, `${CONFIG_TOKEN}x`)).status).toBe(401);
    expect((await say("/help", {}, CONFIG_TOKEN.slice(0, -1))).status).toBe(401);
  });

  it("AUTHZ-2 AUTHZ-3 AUTHZ-5 names the path that decided, whoever carries the message", async () => {
    const denied = async (text: string, body: object) => (await say(text, body)).error?.details;
    expect(await denied("/help", { channel: "whatsapp", user: "spam_user" })).toEqual({
      reason: "user_blocked",
      because: "channels.whatsapp.permissions.blockedUsers",
    });
    expect(await denied("/config", { channel: "whatsapp", user: "user456" })).toEqual({
      reason: "command_blocked",
      because: "channels.whatsapp.permissions.commands.blocked",
    });
    expect(await denied("/run sh\nid", { channel: "whatsapp", user: "user123" })).toEqual({
      reason: "command_not_in_role",
      because: "security.authorization.roles.user.commands",
    });
    expect(await denied("/help", { channel: "telegram", user: "user123" })).toEqual({
      reason: "channel_not_in_user",
      because: "security.authorization.users.user123.channels",
    });
    expect(await say("/help", { channel: "whatsapp", user: "user456" })).toMatchObject({ status: 200 });
  });

  it("AUTHZ-3 GHSA-4cqv an unknown user is refused, whoever carries the message and however much the name looks right", async () => {
    for (const user of ["stranger", "User456", "user456.", "ｕser456"]) {
      const refused = await say("/help", { channel: "whatsapp", user });
      expect(refused).toMatchObject({ status: 403, error: { details: { reason: "user_not_allowed" } } });
      expect(await server.events(refused.headers.get("x-request-id"))).toMatchObject([
        { event: "access.denied", because: "channels.whatsapp.permissions.allowedUsers", user_id: user },
      ]);
    }
    for (const user of ["user\u200b456", "user456 ", "\u202euser456"]) {
      expect(await say("/help", { channel: "whatsapp", user })).toMatchObject({ status: 400 });
    }
  });

  it("AUTHZ-2 a user's restriction is counted over its window and named with Retry-After", async () => {
    const answers = [];
    for (let message = 0; message < 4; message += 1) {
      answers.push(await say("/help", { channel: "whatsapp", user: "user123" }));
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    const last = answers[3];
    expect(last?.error).toMatchObject({
      code: "rate_limited",
      details: { rule: "security.authorization.users.user123.restrictions" },
    });
    expect(Number(last?.headers.get("retry-after"))).toBeGreaterThan(3_500);
    expect(last?.headers.get("ratelimit")).toMatch(
      /^"security\.authorization\.users\.user123\.restrictions";r=0;t=\d+$/,
    );
  });

  it("RATE-2 the per-user limit holds each user alone and is on record when it refuses", async () => {
    const statuses = [];
    for (let message = 0; message < 7; message += 1) {
      statuses.push((await say("/help", { user: "ana" })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 429]);
    expect((await say("/help", { user: "bob" })).status).toBe(200);
    const refused = await say("/help", { user: "ana" });
    expect(await server.events(refused.headers.get("x-request-id"))).toMatchObject([
      { event: "limit.exceeded", outcome: "denied", because: "security.rateLimit.perUser" },
    ]);
  });

  it("a saved file is in force without a restart; a broken one changes nothing and is on record", async () => {
    const sayIt = () => say("/help", { channel: "whatsapp", user: "user456" });
    expect((await sayIt()).status).toBe(200);
    writeFileSync(
      server.home.configFile,
      config(`${POLICY}${LIMITS}`).replace('"spam_user"', '"spam_user", "user456"'),
    );
    await expect.poll(async () => (await sayIt()).error?.details?.reason, { timeout: 5_000 }).toBe("user_blocked");
    writeFileSync(server.home.configFile, "{ this is not json5");
    const rejected = () => server.recorded("config.rejected");
    await expect.poll(rejected, { timeout: 5_000 }).toMatchObject([{ outcome: "denied" }]);
    expect((await sayIt()).error?.details?.reason).toBe("user_blocked");
  });
});

describe("ClawJacked AUTH-9 guessing from loopback", () => {
  it("is slowed down and answered 429 after a few tries, while the right token keeps working", async () => {
    const guesses = await Promise.all(
      Array.from({ length: 200 }, (_, index) => say("/help", {}, `guess-number-${index}-of-many-more`)),
    );
    const counts = { 401: 0, 429: 0 };
    for (const { status } of guesses) {
      counts[status as 401 | 429] += 1;
    }
    expect(counts[401]).toBeLessThan(10);
    expect(counts[401] + counts[429]).toBe(200);
    expect(Number(guesses.find(({ status }) => status === 429)?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await say("/help", { user: "carol" })).status).toBe(200);
  });

  it("PR #57647 a second, junk credential does not get around it", async () => {
    const response = await fetch(`${server.url}/api/v1/whoami`, {
      headers: {
        authorization: "Bearer wrong-again",
        "x-api-key": "junk",
        "x-device-token": "junk",
        "x-forwarded-for": "8.8.8.8",
      },
    });
    expect(response.status).toBe(429);
  });
});
