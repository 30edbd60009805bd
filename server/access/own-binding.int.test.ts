/** A member who may edit users does not untie themselves from their own user: on a real database, as the console calls it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startChat, type Chat } from "../../tests/support/chat.ts";
import { callerOf, memberSession } from "../../tests/support/console-caller.ts";
import type { AppServices } from "#server/services.ts";

let chat: Chat;
beforeAll(async () => {
  chat = await startChat("{}");
  await chat.services.asOwner(
    `INSERT INTO member (id, email, name, role_name) VALUES ('mem_x', 'x@example.com', 'X', 'admin'), ('mem_y', 'y@example.com', 'Y', 'admin')`,
  );
});
afterAll(() => chat.close());
beforeEach(async () => {
  await chat.services.asOwner(
    `DELETE FROM channel_identity; DELETE FROM gateway_user; DELETE FROM audit_intake;
     INSERT INTO gateway_user (id, role_name, member_id) VALUES ('ana', 'admin', 'mem_x');
     INSERT INTO channel_identity (channel, sender_id, user_id, approved_by) VALUES ('telegram', 'ana-1', 'ana', 'test')`,
  );
  await chat.services.policy.reload();
  await chat.services.identities.reload();
});

const as = (id: string) =>
  callerOf(chat.services as unknown as AppServices, memberSession(id, { role: "admin", permissions: ["*"] }));
type Console = ReturnType<typeof as>;
const revisionOf = async (console: Console) => (await console.users.detail({ id: "ana" })).user?.revision ?? "";
const save = async (console: Console, edit: { memberId?: string | null; role?: string }) =>
  console.users.save({
    ...{ id: "ana", role: "admin", channels: null, restriction: null, ...edit },
    seen: await revisionOf(console),
  });
const stored = () => chat.services.db.gatewayUser.findMany({ select: { id: true, memberId: true, roleName: true } });

const UNTIE: [string, string, (console: Console) => Promise<unknown>][] = [
  ["names nobody", "users.save", (console) => save(console, { memberId: null })],
  ["names somebody else", "users.save", (console) => save(console, { memberId: "y@example.com" })],
  [
    "deletes the record",
    "users.delete",
    async (console) => console.users.delete({ id: "ana", seen: await revisionOf(console) }),
  ],
  [
    "takes the sender from it",
    "pairing.removeIdentity",
    (console) => console.pairing.removeIdentity({ channel: "telegram", senderId: "ana-1" }),
  ],
];

describe("APPROVAL-2 the tie between a user and the member they are", () => {
  it.each(UNTIE)("stays when that member %s: refused, on record", async (_, target, untie) => {
    await expect(untie(as("mem_x"))).rejects.toMatchObject({
      cause: {
        code: "FORBIDDEN",
        message: expect.stringContaining(`User memberId: "ana" is you.`) as string,
        details: { reason: "own_binding", field: "memberId" },
      },
    });
    expect(await stored()).toEqual([{ id: "ana", memberId: "mem_x", roleName: "admin" }]);
    expect(await chat.services.db.channelIdentity.count()).toBe(1);
    const denials = (await chat.services.recorded()).filter(({ outcome }) => outcome === "denied");
    expect(denials).toMatchObject([{ event: "access.denied", reason: "own_binding", target, because: "users:write" }]);
  });

  it.each(UNTIE)("ends when another member %s", async (_name, _target, untie) => {
    await untie(as("mem_y"));
    const isTied = (await stored()).some(({ memberId }) => memberId === "mem_x");
    expect(isTied && (await chat.services.db.channelIdentity.count()) === 1).toBe(false);
  });

  it("keeps nobody from changing the rest of their own record, nor from saying that it is theirs", async () => {
    await save(as("mem_x"), { role: "user" });
    await save(as("mem_x"), { memberId: "X@example.com" });
    expect(await stored()).toEqual([{ id: "ana", memberId: "mem_x", roleName: "admin" }]);
    await save(as("mem_y"), { memberId: null });
    await save(as("mem_x"), { memberId: "mem_x" });
    expect(await stored()).toEqual([{ id: "ana", memberId: "mem_x", roleName: "admin" }]);
  });
});
