/** Approval of pairings through the console's procedures, on a real database. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readPolicy } from "#server/access/index.ts";
import { resolveSender } from "#server/channels/identity.ts";
import { offerPairing } from "#server/channels/pairing/offer.ts";
import { callerOf, memberSession } from "../../../tests/support/console-caller.ts";
import { startSenderServices, type SenderTestServices } from "../../../tests/support/senders.ts";
import type { AppServices } from "#server/services.ts";

let services: SenderTestServices & Pick<AppServices, "config" | "paths">;
/** What the file says of users. */
let owned: Set<string>;

beforeAll(async () => {
  const started = await startSenderServices();
  owned = new Set();
  const authorization = { enabled: true, roles: {}, users: { ana: { role: "user" } } };
  services = Object.assign(started, {
    config: { current: () => ({ config: { security: { authorization }, channels: {}, models: {} }, owned }) },
    paths: { configFile: "/etc/openclaw.json5" },
  }) as unknown as typeof services;
  services.policy.reload = async () => {
    services.policy.snapshot = await readPolicy(services.pool, {
      enabled: true,
      roles: undefined,
      users: undefined,
      channels: undefined,
    });
  };
});
afterAll(() => services.close());
beforeEach(async () => {
  // Past every wait of the tests before.
  services.clock.time += 3 * 3_600_000;
  owned.clear();
  await services.asOwner(
    "TRUNCATE pairing_request, channel_identity; DELETE FROM gateway_user; DELETE FROM role WHERE NOT builtin",
  );
  await services.asOwner(
    "INSERT INTO role (name, permissions, channels, commands) VALUES ('helper', '{read,write,users:read,users:write}', '{whatsapp,telegram,api}', '{help,status,ask,forget}')",
  );
  await services.policy.reload();
});

const admin = () => callerOf(services, memberSession("boss", { role: "admin", permissions: ["*"] })).pairing;
const helper = () =>
  callerOf(
    services,
    memberSession("help", { role: "helper", permissions: ["read", "write", "users:read", "users:write"] }),
  ).pairing;

async function codeFor(senderId: string, channel = "telegram", senderName = "Ana"): Promise<string> {
  const event = { senderId, senderName, isBot: false, isDirect: true };
  const said = await offerPairing(services, { channel, unknownSenders: "pair" }, event, (_tx, text) =>
    Promise.resolve(text),
  );
  const code = /\b[A-HJ-NP-Z2-9]{8}\b/.exec(said ?? "")?.[0];
  if (code === undefined) {
    throw new Error("no code was given");
  }
  return code;
}

const sender = (channel: string, senderId: string) => resolveSender(services, channel, { senderId });
const rejected = async () =>
  (await services.recorded()).filter(({ event }) => event === "channel.pairing_rejected").map(({ reason }) => reason);

describe("approval of a pairing", () => {
  it("binds the sender to a user, whose record is made with the role that was named", async () => {
    const code = await codeFor("1");
    expect(sender("telegram", "1")).toEqual({ kind: "unknown" });
    const written = `${code.slice(0, 4).toLowerCase()}-${code.slice(4)}`;
    expect(await admin().approve({ channel: "telegram", code: written, userId: "ana", role: "user" })).toEqual({
      channel: "telegram",
      senderId: "1",
      userId: "ana",
      role: "user",
    });
    expect(sender("telegram", "1")).toEqual({ kind: "known", userId: "ana", paired: true });
    expect(sender("slack", "1")).toEqual({ kind: "unknown" });
    expect(services.policy.current().users.get("ana")).toMatchObject({ role: "user", channels: null });
    const events = (await services.recorded()).slice(-2);
    expect(events.map(({ event }) => event)).toEqual(["user.changed", "channel.pairing_approved"]);
    expect(JSON.stringify(await services.recorded())).not.toContain(code);
  });

  it("one user has many identities, and the code of one channel is none on another", async () => {
    const first = await codeFor("1");
    const second = await codeFor("U2", "slack");
    await expect(admin().approve({ channel: "slack", code: first, userId: "ana", role: "user" })).rejects.toThrow(
      /No open pairing request on channel "slack"/,
    );
    await admin().approve({ channel: "telegram", code: first, userId: "ana", role: "user" });
    await admin().approve({ channel: "slack", code: second, userId: "ana" });
    const { identities } = await admin().identities({ userId: "ana" });
    expect(identities.map(({ channel, senderId }) => `${channel}:${senderId}`)).toEqual(["slack:U2", "telegram:1"]);
  });

  it("of 20 approvals of one code at once one succeeds", async () => {
    const code = await codeFor("1");
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        admin().approve({ channel: "telegram", code, userId: `user${n}`, role: "user" }),
      ),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await services.db.channelIdentity.count()).toBe(1);
    expect(await services.db.gatewayUser.count()).toBe(1);
    const approved = (await services.recorded()).filter(({ event }) => event === "channel.pairing_approved");
    expect(approved.filter(({ data }) => (data as { senderId: string }).senderId === "1").length).toBeGreaterThan(0);
  });

  it("CVE-2026-33579, GHSA-4jpw-hj22-2xmc: gives no role beyond the approver's, and nobody who has one", async () => {
    const code = await codeFor("1");
    const beyond = expect.objectContaining({
      message: expect.stringMatching(/may not give more than it holds/) as string,
    }) as Error;
    await expect(helper().approve({ channel: "telegram", code, userId: "eve", role: "admin" })).rejects.toEqual(beyond);
    await services.asOwner("INSERT INTO gateway_user (id, role_name) VALUES ('root', 'admin')");
    await services.policy.reload();
    await expect(helper().approve({ channel: "telegram", code, userId: "root" })).rejects.toEqual(beyond);
    expect((await rejected()).slice(-2)).toEqual(["beyond_grant", "beyond_grant"]);
    expect(await services.db.channelIdentity.count()).toBe(0);
    expect(await services.db.gatewayUser.count({ where: { id: "eve" } })).toBe(0);
    // The request is still open for somebody who may.
    expect(await helper().approve({ channel: "telegram", code, userId: "eve", role: "user" })).toMatchObject({
      role: "user",
    });
    expect((await helper().list({})).roles).toEqual(expect.arrayContaining(["user"]));
    expect((await helper().list({})).roles).not.toContain("admin");
    await services.asOwner(
      "INSERT INTO channel_identity (channel, sender_id, user_id, approved_by) VALUES ('telegram', '9', 'root', 'x')",
    );
    await expect(helper().removeIdentity({ channel: "telegram", senderId: "9" })).rejects.toEqual(beyond);
  });

  it("CVE-2026-28480: whoever takes the name of a paired sender is a stranger with a code of their own", async () => {
    const code = await codeFor("1", "telegram", "Ana");
    await admin().approve({ channel: "telegram", code, userId: "ana", role: "user" });
    expect(sender("telegram", "Ana")).toEqual({ kind: "unknown" });
    expect(sender("telegram", "ana")).toEqual({ kind: "unknown" });
    expect(await codeFor("2", "telegram", "Ana")).not.toBe(code);
    expect(sender("telegram", "2")).toEqual({ kind: "unknown" });
  });

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      "a new user without a role",
      async () => admin().approve({ channel: "telegram", code: await codeFor("1"), userId: "ana" }),
      "role_missing",
      /is new, so it needs a role/,
    ],
    [
      "a role that does not exist",
      async () => admin().approve({ channel: "telegram", code: await codeFor("1"), userId: "ana", role: "ghost" }),
      "role_unknown",
      /Role "ghost" does not exist/,
    ],
    [
      "another role than the user's",
      async () => {
        await services.asOwner("INSERT INTO gateway_user (id, role_name) VALUES ('ana', 'user')");
        return admin().approve({ channel: "telegram", code: await codeFor("1"), userId: "ana", role: "admin" });
      },
      "role_differs",
      /has the role "user" already/,
    ],
    [
      "a user whom the file does not name",
      async () => {
        owned.add("security.authorization.users");
        return admin().approve({ channel: "telegram", code: await codeFor("1"), userId: "bob", role: "user" });
      },
      "user_unknown",
      /security\.authorization\.users/,
    ],
    [
      "an expired code",
      async () => {
        const code = await codeFor("1");
        services.clock.time += 3_600_000;
        return admin().approve({ channel: "telegram", code, userId: "ana", role: "user" });
      },
      "code_wrong",
      /No open pairing request/,
    ],
  ])("refuses %s, on record, and binds nobody", async (_, attempt, reason, message) => {
    await expect(attempt()).rejects.toThrow(message);
    expect((await rejected()).at(-1)).toBe(reason);
    expect(await services.db.channelIdentity.count()).toBe(0);
  });

  it("users of the file can be paired, and keep the role that stands there", async () => {
    owned.add("security.authorization.users");
    const code = await codeFor("1");
    expect(await admin().approve({ channel: "telegram", code, userId: "ana" })).toMatchObject({ role: "user" });
    expect(await services.db.gatewayUser.count()).toBe(0);
  });

  it("slows down guessing of codes, for the one who guesses", async () => {
    const code = await codeFor("1");
    const guess = (caller: ReturnType<typeof admin>) =>
      caller.approve({ channel: "telegram", code: "AAAAAAAA", userId: "ana", role: "user" });
    for (let n = 0; n < 6; n += 1) {
      await expect(guess(helper())).rejects.toThrow(/No open pairing request/);
    }
    await expect(helper().approve({ channel: "telegram", code, userId: "ana", role: "user" })).rejects.toThrow(
      /Too many wrong codes/,
    );
    expect((await rejected()).at(-1)).toBe("locked_out");
    services.clock.time += 2_000;
    expect(await helper().approve({ channel: "telegram", code, userId: "ana", role: "user" })).toMatchObject({
      userId: "ana",
    });
  });

  it("takes a fresh proof of identity and the permission", async () => {
    const stale = callerOf(
      services,
      memberSession("boss", { role: "admin", permissions: ["*"], steppedUpUntil: null }),
    );
    const code = await codeFor("1");
    await expect(stale.pairing.approve({ channel: "telegram", code, userId: "a", role: "user" })).rejects.toThrow(
      /Confirm that it is you/,
    );
    const reader = callerOf(services, memberSession("r", { permissions: ["users:read"] }));
    await expect(reader.pairing.approve({ channel: "telegram", code, userId: "a", role: "user" })).rejects.toThrow(
      /users:write/,
    );
    expect((await reader.pairing.list({})).requests).toHaveLength(1);
  });
});

describe("refusing and removing", () => {
  it("a refused request can be approved no more, and its sender hears nothing", async () => {
    const code = await codeFor("1");
    const [request] = (await admin().list({ channel: "telegram" })).requests;
    await admin().refuse({ channel: "telegram", request: request?.id ?? "" });
    await expect(admin().approve({ channel: "telegram", code, userId: "ana", role: "user" })).rejects.toThrow(
      /No open/,
    );
    services.clock.time += 120_000;
    await expect(codeFor("1")).rejects.toThrow("no code was given");
    await expect(admin().refuse({ channel: "telegram", request: request?.id ?? "" })).rejects.toThrow(/no open/);
  });

  it("a removed sender is a stranger at once", async () => {
    await admin().approve({ channel: "telegram", code: await codeFor("1"), userId: "ana", role: "user" });
    expect(await admin().removeIdentity({ channel: "telegram", senderId: "1" })).toMatchObject({ userId: "ana" });
    expect(sender("telegram", "1")).toEqual({ kind: "unknown" });
    await expect(admin().removeIdentity({ channel: "telegram", senderId: "1" })).rejects.toThrow(/No user is bound/);
  });

  it("a user's identities go with the user's record", async () => {
    await admin().approve({ channel: "telegram", code: await codeFor("1"), userId: "ana", role: "user" });
    const caller = callerOf(services, memberSession("boss", { role: "admin", permissions: ["*"] }));
    const { user } = await caller.users.detail({ id: "ana" });
    await caller.users.delete({ id: "ana", seen: user?.revision ?? "" });
    await expect.poll(() => sender("telegram", "1")).toEqual({ kind: "unknown" });
    expect((await services.recorded()).slice(-2).map(({ event }) => event)).toEqual([
      "channel.identity_removed",
      "user.deleted",
    ]);
  });
});
