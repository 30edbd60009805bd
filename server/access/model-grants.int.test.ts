/** What `models.access` says of roles, where they are made and given in the console: refused on record, with nothing changed. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startChat, type Chat } from "../../tests/support/chat.ts";
import { callerOf, memberSession } from "../../tests/support/console-caller.ts";
import type { AppServices } from "#server/services.ts";

const configOf = (access: string): string =>
  `{ models: { providers: { fake: { type: "openai", baseUrl: "http://x.test/v1" } }, access: ${access} } }`;
const NARROW = configOf(`{ desk: ["fake/small"], rich: ["fake/*"], vip: ["*"], "*": ["fake/small"] }`);
const LISTS = { permissions: ["status:read"], channels: ["api"], commands: ["help"] };
const RICH = 'with the role "rich" goes the model "fake/*" (models.access.rich), and it may call only fake/small.';

let chat: Chat;
beforeAll(async () => {
  chat = await startChat(NARROW);
});
afterAll(() => chat.close());
beforeEach(async () => {
  chat.configure(NARROW);
  await chat.services.asOwner(
    `DELETE FROM gateway_user; DELETE FROM role WHERE NOT builtin; DELETE FROM audit_intake; DELETE FROM member;
     INSERT INTO role (name, permissions, channels, commands) VALUES
       ('desk', '{read,users:*,roles:*,members:*,tokens:create}', '{*}', '{*}'),
       ('rich', '{status:read}', '{api}', '{help}');
     INSERT INTO gateway_user (id, role_name) VALUES ('rita', 'rich')`,
  );
  await chat.services.policy.reload();
});

const as = (role: string) => {
  const permissions = chat.services.policy.current().roles.get(role)?.permissions ?? [];
  return callerOf(chat.services as unknown as AppServices, memberSession("mem_x", { role, permissions }));
};
const user = (id: string, role: string) => ({ id, role, channels: null, restriction: null, seen: null });
const denied = async () =>
  (await chat.services.recorded())
    .filter(({ event }) => event === "access.denied")
    .map(({ target, reason, because }) => ({ target, reason, because }));

type Console = ReturnType<typeof as>;
type Revisions = Awaited<ReturnType<typeof revisions>>;
/** Of what the editor was shown. */
async function revisions(console: Console) {
  const [detail, list] = await Promise.all([console.users.detail({ id: "rita" }), console.roles.list()]);
  const role = list.roles.find(({ name }) => name === "rich");
  return { user: detail.user?.revision ?? "", role: role?.revision ?? "" };
}

describe("AUTHZ-6 in the console nobody gives a role with more models than their own has", () => {
  it.each<[string, string, (desk: Console, seen: Revisions) => Promise<unknown>]>([
    ["users.save", "users:write", (desk) => desk.users.save(user("kim", "rich"))],
    ["users.save", "users:write", (desk, seen) => desk.users.save({ ...user("rita", "desk"), seen: seen.user })],
    ["users.delete", "users:write", (desk, seen) => desk.users.delete({ id: "rita", seen: seen.user })],
    ["roles.save", "roles:write", (desk, seen) => desk.roles.save({ name: "rich", ...LISTS, seen: seen.role })],
    ["roles.delete", "roles:write", (desk, seen) => desk.roles.delete({ name: "rich", seen: seen.role })],
    ["members.invite", "members:write", (desk) => desk.members.invite({ email: "kim@example.com", role: "rich" })],
  ])("%s of one is refused in words that name the model, and on record", async (target, because, change) => {
    const stored = async () => [
      await chat.services.db.role.findMany({ orderBy: { name: "asc" } }),
      await chat.services.db.gatewayUser.findMany(),
      await chat.services.db.member.count(),
    ];
    const before = await stored();
    const message = expect.stringContaining(RICH) as string;
    const details = { reason: "beyond_grant", field: "models" };
    const desk = as("desk");
    const seen = await revisions(desk);
    await expect(change(desk, seen)).rejects.toMatchObject({ cause: { code: "FORBIDDEN", message, details } });
    expect(await stored()).toEqual(before);
    expect(await denied()).toEqual([{ target, reason: "beyond_grant", because }]);
  });

  it("tokens.create of one is refused on record, once", async () => {
    const desk = as("desk");
    const { roles } = await desk.tokens.givable();
    expect(roles.map(({ name }) => name)).toEqual(expect.not.arrayContaining(["rich"]));
    await expect(desk.tokens.create({ name: "bot", role: "rich" })).rejects.toMatchObject({
      cause: { message: expect.stringContaining(RICH) as string },
    });
    const refusals = (await chat.services.recorded()).filter(({ outcome }) => outcome === "denied");
    expect(refusals).toMatchObject([{ event: "token.refused", reason: "beyond_grant" }]);
    await desk.tokens.create({ name: "bot", role: "rich", models: ["fake/small"] });
    expect(await chat.services.db.token.count()).toBe(1);
  });

  it("makes no role under a name that models.access has more for, and says so before", async () => {
    const desk = as("desk");
    const vip = { name: "vip", ...LISTS, seen: null };
    await expect(desk.roles.save(vip)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('"*" (models.access.vip)') as string },
    });
    const { seen: _, ...asked } = vip;
    expect((await desk.roles.preview(asked)).refused).toMatchObject({ code: "FORBIDDEN", reason: "beyond_grant" });
    expect(await chat.services.db.role.findUnique({ where: { name: "vip" } })).toBeNull();
  });

  it("gives what is within, and shows which roles those are", async () => {
    const desk = as("desk");
    await desk.users.save(user("kim", "desk"));
    await desk.roles.save({ name: "plain", ...LISTS, seen: null });
    await desk.users.save(user("ann", "plain"));
    const { roles } = await desk.members.roles();
    expect(roles.filter(({ isWithinReach }) => isWithinReach).map(({ name }) => name)).toEqual([
      "desk",
      "plain",
      "readonly",
    ]);
    expect(await denied()).toEqual([]);
  });

  it("reads the lists as they are now", async () => {
    chat.configure(configOf(`{ desk: ["fake/s*", "fake/*"], rich: ["fake/large"] }`));
    await chat.services.policy.reload();
    await as("desk").users.save(user("kim", "rich"));
    chat.configure(configOf(`{ desk: [], rich: ["fake/large"] }`));
    await chat.services.policy.reload();
    await expect(as("desk").users.save(user("kit", "rich"))).rejects.toMatchObject({
      cause: { message: expect.stringContaining("it may call no model itself") as string },
    });
  });

  it("compares nothing of who writes models.access themselves, also where their own role is not in it", async () => {
    chat.configure(configOf(`{ rich: ["*"] }`));
    await chat.services.policy.reload();
    await as("admin").users.save(user("kim", "rich"));
    expect(await chat.services.db.gatewayUser.findUnique({ where: { id: "kim" } })).toMatchObject({ roleName: "rich" });
  });
});
