/** Pairing codes on a real database. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { offerPairing } from "#server/channels/pairing/offer.ts";
import { startSenderServices, type SenderTestServices } from "../../../tests/support/senders.ts";

const CODE = /\b[A-HJ-NP-Z2-9]{8}\b/;
const telegram = { channel: "telegram", unknownSenders: "pair" } as const;
const from = (senderId: string, over: object = {}) => ({
  senderId,
  senderName: "Ana",
  isBot: false,
  isDirect: true,
  ...over,
});

let services: SenderTestServices;
beforeAll(async () => {
  services = await startSenderServices();
});
afterAll(() => services.close());
beforeEach(async () => {
  services.clock.time += 3 * 3_600_000;
  await services.asOwner("TRUNCATE pairing_request");
});

const offer = (senderId: string, over: object = {}, channel: object = {}) =>
  offerPairing(services, { ...telegram, ...channel }, from(senderId, over), (_tx, text) => Promise.resolve(text));

describe("a pairing code", () => {
  it("is given in a direct conversation, stored as a hash only, and on record without it", async () => {
    const said = await offer("1001");
    const code = CODE.exec(said ?? "")?.[0] ?? "none";
    expect(code).not.toBe("none");
    const row = await services.db.pairingRequest.findFirstOrThrow({ where: { senderId: "1001" } });
    expect(row.codeHash).toHaveLength(32);
    expect(row.expiresAt.getTime() - services.clock.now()).toBe(3_600_000);
    const { rows } = await services.pool.query<{ all: string }>(
      "SELECT (SELECT json_agg(r)::text FROM pairing_request r) AS all",
    );
    expect(rows[0]?.all).toContain("1001");
    expect(rows[0]?.all).not.toContain(code);
    const events = JSON.stringify(await services.recorded());
    expect(events).toContain("channel.pairing_offered");
    expect(events).not.toContain(code);
  });

  it.each<[string, object, object]>([
    ["in a group", { isDirect: false }, {}],
    ["to a bot", { isBot: true }, {}],
    ["where strangers are refused", {}, { unknownSenders: "refuse" }],
  ])("is not given %s", async (_, event, channel) => {
    expect(await offer("1002", event, channel)).toBeNull();
    expect(await services.db.pairingRequest.count()).toBe(0);
  });

  it.each(["1003", "*"])("is not given to whom the channel blocks by %j", async (blocked) => {
    const before = services.policy.snapshot;
    const rules = {
      allowedUsers: [],
      allowedRoles: [],
      blockedUsers: [blocked],
      allowedCommands: null,
      blockedCommands: [],
      source: "test",
    };
    services.policy.snapshot = { ...before, channels: new Map([["telegram", rules]]) };
    expect(await offer("1003")).toBeNull();
    services.policy.snapshot = before;
    expect(await services.db.pairingRequest.count()).toBe(0);
  });

  it("comes once a minute at most, three are open at most, and then a word without a code", async () => {
    const said: (string | null)[] = [];
    for (const seconds of [0, 59, 1, 30, 30, 60, 59, 1]) {
      services.clock.time += seconds * 1000;
      said.push(await offer("1004"));
    }
    expect(said.map((text) => (text === null ? "silent" : CODE.test(text) ? "code" : "word"))).toEqual([
      "code",
      "silent",
      "code",
      "silent",
      "code",
      "word",
      "silent",
      "word",
    ]);
    expect(new Set(said.flatMap((text) => CODE.exec(text ?? "")?.[0] ?? [])).size).toBe(3);
  });

  it("of many messages at once one is answered", async () => {
    const said = await Promise.all(Array.from({ length: 20 }, () => offer("1005")));
    expect(said.filter((text) => text !== null)).toHaveLength(1);
    expect(await services.db.pairingRequest.count({ where: { senderId: "1005" } })).toBe(1);
  });

  it("a crowd gets as many as the channel has room for; the rest is on record; another channel has its own room", async () => {
    const said: (string | null)[] = [];
    for (let n = 0; n < 25; n += 1) {
      said.push(await offer(`crowd-${n}`));
    }
    expect(said.filter((text) => text !== null)).toHaveLength(20);
    expect(await offer("elsewhere", {}, { channel: "slack" })).toMatch(CODE);
    for (let minute = 0; minute < 5; minute += 1) {
      services.clock.time += 60_001;
      for (let n = 0; n < 20; n += 1) {
        said.push(await offer(`crowd-${minute}-${n}`));
      }
    }
    expect(said.filter((text) => text !== null)).toHaveLength(100);
    const withheld = (await services.recorded()).filter(({ event }) => event === "channel.pairing_withheld");
    expect(withheld.reduce((sum, { data }) => sum + (data as { count: number }).count, 0)).toBe(25);
    // When the codes have run out there is room again, and each end is on record.
    services.clock.time += 3_600_000;
    expect(await offer("late")).toMatch(CODE);
    const { rows } = await services.pool.query<{ count: number }>(
      "SELECT count(*)::int AS count FROM pairing_request WHERE outcome = 'expired'",
    );
    expect(rows[0]?.count).toBe(100);
    expect((await services.recorded()).filter(({ event }) => event === "channel.pairing_expired")).toHaveLength(100);
  });

  it("whoever was refused hears nothing for the rest of the hour", async () => {
    await offer("1006");
    await services.db.pairingRequest.updateMany({ where: { senderId: "1006" }, data: { outcome: "refused" } });
    services.clock.time += 120_000;
    expect(await offer("1006")).toBeNull();
    services.clock.time += 3_600_000;
    expect(await offer("1006")).toMatch(CODE);
  });
});

describe("identities in memory", () => {
  it("follow the table, whoever writes it", async () => {
    await services.asOwner(
      "INSERT INTO channel_identity (channel, sender_id, user_id, approved_by) VALUES ('telegram', '7', 'ana', 'test')",
    );
    await expect.poll(() => services.identities.userOf("telegram", "7")).toBe("ana");
    expect(services.identities.userOf("slack", "7")).toBeUndefined();
    await services.asOwner("DELETE FROM channel_identity");
    await expect.poll(() => services.identities.userOf("telegram", "7")).toBeUndefined();
  });
});
