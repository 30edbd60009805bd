/** Invitations and the administration of members, called as the console calls it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startAuthServices, type AuthTestServices } from "../../tests/support/auth-services.ts";
import { addMember, PASSWORD, signInMember, type TestMember } from "../../tests/support/members.ts";
import { acceptInvitation, previewInvitation } from "#server/auth/accept-invitation.ts";
import { mintSetupLink } from "#server/auth/invitation.ts";
import { SignInRefusal } from "#server/auth/refusals.ts";
import { findSession } from "#server/auth/session.ts";
import { isAppError } from "#server/core/errors.ts";
import { inviteMember, linkForPassword } from "#server/members/invite.ts";
import { unlimitedGrantor } from "#server/access/index.ts";
import type { AppServices } from "#server/services.ts";
import { createCaller } from "#server/trpc/root.ts";

let services: AuthTestServices;
let origin = { address: "", requestId: "req_test", userAgent: null };
let networks = 0;

beforeAll(async () => {
  services = await startAuthServices();
});
afterAll(async () => services.close());
beforeEach(() => {
  networks += 1;
  origin = { ...origin, address: `198.51.${networks}.1` };
  services.mfa = [];
});

const operator = unlimitedGrantor({ type: "operator", id: "cli" });
const codeIn = (path: string): string => path.split("#")[1] ?? "";
const invite = async (email: string, role = "user"): Promise<string> =>
  codeIn((await inviteMember(services, operator, { email, role })).path);
const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => {
      if (error instanceof SignInRefusal) {
        return error.word;
      }
      return isAppError(error) ? error.code : String(error);
    },
  );
const accept = (code: string, fields: object = {}, address = origin.address): Promise<string> =>
  acceptInvitation(services, { code, password: PASSWORD, ...fields }, { ...origin, address });
const isLive = async (sessionId: string): Promise<boolean> =>
  (await findSession(services, sessionId, { active: false })) !== null;

/** The console of a new member, just signed in. */
async function consoleAs(role: string): Promise<{ member: TestMember; console: ReturnType<typeof createCaller> }> {
  const member = await addMember(services, { role });
  const sessionId = await signInMember(services, member, origin);
  const reauthenticate = () => findSession(services, sessionId, { active: true });
  const console = createCaller({
    services: services as unknown as AppServices,
    origin,
    session: await reauthenticate(),
    reauthenticate,
  });
  return { member, console };
}
const failsWith = (code: string, details?: object) => ({
  cause: { code, ...(details === undefined ? {} : { details }) },
});

// First of all: what comes later has members.
describe("the set-up link", () => {
  test("of 50 parallel uses exactly one makes the first administrator", async () => {
    const { code } = await mintSetupLink(services, { now: services.clock.now() });
    expect(await previewInvitation(services, code, origin)).toEqual({
      email: null,
      name: null,
      role: "admin",
      firstAdmin: true,
      purpose: "member",
    });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        outcomeOf(accept(code, { email: `first${index}@example.com`, name: "First" }, `203.0.${index}.9`)),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
    expect(outcomes.every((outcome) => ["done", "LinkInvalid", "BUSY"].includes(outcome))).toBe(true);
    expect(await services.db.member.count()).toBe(1);
    const events = (await services.recorded()).map(({ event }) => event);
    expect(events.slice(0, 1)).toEqual(["auth.console_link_created"]);
    expect(events.filter((event) => event === "member.joined")).toHaveLength(1);
  });

  test("there is none once somebody is a member, and one from before makes nobody", async () => {
    await services.asOwner("UPDATE member SET email = 'kept@example.com'");
    await expect(mintSetupLink(services, { now: services.clock.now() })).rejects.toMatchObject({ code: "CONFLICT" });
    await services.asOwner("DELETE FROM member");
    const { code } = await mintSetupLink(services, { now: services.clock.now() });
    await addMember(services);
    expect(await outcomeOf(accept(code, { email: "late@example.com" }))).toBe("LinkInvalid");
  });
});

describe("AUTH-10 invitations", () => {
  test("one is used once, by whoever it was made for, and its code is stored nowhere", async () => {
    const code = await invite("grace@example.com");
    expect(await previewInvitation(services, `http://127.0.0.1/setup#${code}`, origin)).toMatchObject({
      email: "grace@example.com",
      role: "user",
      firstAdmin: false,
    });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        outcomeOf(accept(code, { email: "mallory@example.com", name: "Grace" }, `203.1.${index}.9`)),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "done")).toHaveLength(1);
    expect(await services.db.member.count({ where: { email: "mallory@example.com" } })).toBe(0);
    expect(await services.db.member.findUnique({ where: { email: "grace@example.com" } })).toMatchObject({
      name: "Grace",
      roleName: "user",
    });
    const rows = JSON.stringify([await services.db.invitation.findMany(), await services.recorded()]);
    expect(rows).not.toContain(code);
  });

  test("expired, revoked, replaced, used, wrong and malformed ones get one answer", async () => {
    const { console } = await consoleAs("admin");
    const expired = await invite("expired@example.com");
    services.clock.time += 72 * 60 * 60_000;
    const revoked = await invite("revoked@example.com");
    const { invitations } = await (await consoleAs("admin")).console.members.invitations();
    await (await consoleAs("admin")).console.members.revokeInvitation({ id: invitations[0]?.id ?? "" });
    const older = await invite("again@example.com");
    await invite("again@example.com");
    const used = await invite("used@example.com");
    await accept(used);
    const answers = new Set<string>();
    for (const [index, code] of [expired, revoked, older, used, "A".repeat(43), "", "x y"].entries()) {
      answers.add(await outcomeOf(accept(code, {}, `203.2.${index}.9`)));
      answers.add(await outcomeOf(previewInvitation(services, code, { ...origin, address: `203.3.${index}.9` })));
    }
    expect([...answers]).toEqual(["LinkInvalid"]);
    await expect(console.members.revokeInvitation({ id: "inv_unknown" })).rejects.toMatchObject(
      failsWith("STEP_UP_REQUIRED"),
    );
  });

  test("AUTH-9 whoever tries codes waits", async () => {
    const outcomes: string[] = [];
    for (let guess = 0; guess < 8; guess += 1) {
      outcomes.push(await outcomeOf(accept(`${guess}`.repeat(43))));
    }
    expect(outcomes).toEqual([...Array<string>(6).fill("LinkInvalid"), "LOCKED_OUT", "LOCKED_OUT"]);
  });

  test("a refused field leaves the link unused", async () => {
    const code = await invite("ida@example.com");
    expect(await outcomeOf(accept(code, { password: "short" }))).toBe("InputInvalid:password:password_short");
    expect(await outcomeOf(accept(code, { password: "password1234" }))).toBe("InputInvalid:password:password_common");
    expect(await outcomeOf(accept(code, { password: "ida@example.com" }))).toBe(
      "InputInvalid:password:password_personal",
    );
    expect(await outcomeOf(accept(code, { name: "a\u202eb" }))).toBe("InputInvalid:name:name_invalid");
    expect(await outcomeOf(accept(code, { password: "x".repeat(257) }))).toBe("InputInvalid:password:password_long");
    expect(await outcomeOf(accept(code))).toBe("done");
  });

  test("when the record cannot be written nobody becomes a member and the link stays unused", async () => {
    const code = await invite("unrecorded@example.com");
    await services.asOwner(`
      CREATE FUNCTION record_broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'record broken'; END $$;
      CREATE TRIGGER record_broken BEFORE INSERT ON audit_intake EXECUTE FUNCTION record_broken()`);
    try {
      await expect(accept(code)).rejects.toThrow(/record broken/);
    } finally {
      await services.asOwner("DROP TRIGGER record_broken ON audit_intake; DROP FUNCTION record_broken()");
    }
    expect(await services.db.member.count({ where: { email: "unrecorded@example.com" } })).toBe(0);
    expect(await outcomeOf(accept(code))).toBe("done");
  });

  test("a link for a new password ends every session and signs nobody in", async () => {
    const member = await addMember(services);
    const session = await signInMember(services, member, origin);
    const code = codeIn((await linkForPassword(services, operator, member.id)).path);
    expect(await previewInvitation(services, code, origin)).toMatchObject({ purpose: "password", email: member.email });
    expect(await outcomeOf(accept(code, { password: "eleven violet ferries at dawn" }))).toBe("PasswordSet");
    expect(await isLive(session)).toBe(false);
    expect(await outcomeOf(signInMember(services, member, origin))).toBe("CredentialsInvalid");
    // The second factor stays.
    const { totpSecret } = await services.db.member.findUniqueOrThrow({ where: { id: member.id } });
    expect(totpSecret).not.toBeNull();
    expect(await outcomeOf(accept(code))).toBe("LinkInvalid");
  });
});

describe("AUTH-10 administration", () => {
  test("members are listed with what is known of them, by page and by filter, and no secret among it", async () => {
    const { member, console } = await consoleAs("admin");
    const other = await addMember(services, { role: "gone", totp: false });
    const page = await console.members.list({ q: "MEMBER" });
    expect(page.members.find(({ id }) => id === member.id)).toMatchObject({
      state: "active",
      secondFactors: ["totp"],
      sessions: 1,
      roleExists: true,
    });
    expect(page.members.find(({ id }) => id === other.id)).toMatchObject({ roleExists: false, secondFactors: [] });
    expect((await console.members.list({ q: other.email })).members).toHaveLength(1);
    expect((await console.members.list({ state: "disabled" })).members).toEqual([]);
    const details = await console.members.byId({ id: member.id });
    expect(details).toMatchObject({ sessionList: [{ current: true, address: origin.address }] });
    expect(JSON.stringify([page, details])).not.toMatch(/argon2|\$ocg|hash|secret/i);
    await expect(console.members.byId({ id: "mem_unknown" })).rejects.toMatchObject(failsWith("NOT_FOUND"));
  });

  test("a disabled member's session dies on the next call, and enabling brings no session back", async () => {
    const { console } = await consoleAs("admin");
    const member = await addMember(services);
    const session = await signInMember(services, member, origin);
    await console.members.disable({ id: member.id });
    expect(await isLive(session)).toBe(false);
    expect(await outcomeOf(signInMember(services, member, origin))).toBe("CredentialsInvalid");
    await console.members.enable({ id: member.id });
    expect(await isLive(session)).toBe(false);
    await expect(signInMember(services, member, origin)).resolves.toMatch(/^ses_/);
  });

  test("a new role, a reset of factors and the end of sessions each end them; another member's are NOT_FOUND", async () => {
    const { console } = await consoleAs("admin");
    const [member, other] = [await addMember(services), await addMember(services)];
    const first = await signInMember(services, member, origin);
    await console.members.setRole({ id: member.id, role: "user" });
    expect(await isLive(first)).toBe(false);

    const second = await signInMember(services, member, origin);
    const { sessionList } = await console.members.byId({ id: member.id });
    const sessionId = sessionList[0]?.id ?? "";
    await expect(console.members.endSession({ memberId: other.id, sessionId })).rejects.toMatchObject(
      failsWith("NOT_FOUND"),
    );
    await console.members.endSession({ memberId: member.id, sessionId });
    expect(await isLive(second)).toBe(false);

    await signInMember(services, member, origin);
    expect(await console.members.endSessions({ id: member.id })).toEqual({ ended: 1 });

    const third = await signInMember(services, member, origin);
    await console.members.resetFactors({ id: member.id });
    expect(await isLive(third)).toBe(false);
    const bare = await signInMember(services, { ...member, seed: null }, origin);
    services.mfa = ["*"];
    expect(await findSession(services, bare, { active: false })).toMatchObject({ secondFactor: "missing" });
  });

  test("nobody administers themselves, and the last member who may do everything stays", async () => {
    const { member, console } = await consoleAs("admin");
    for (const refused of [
      () => console.members.setRole({ id: member.id, role: "user" }),
      () => console.members.disable({ id: member.id }),
      () => console.members.resetFactors({ id: member.id }),
    ]) {
      await expect(refused()).rejects.toMatchObject(failsWith("FORBIDDEN", { reason: "own_account" }));
    }
    await services.asOwner(`UPDATE member SET disabled_at = now() WHERE id <> '${member.id}'`);
    const { disableMember, setRole } = await import("#server/members/change.ts");
    await expect(disableMember(services, operator, member.id)).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(setRole(services, operator, { id: member.id, role: "user" })).rejects.toMatchObject({
      code: "CONFLICT",
      details: { reason: "last_admin" },
    });
  });

  test("of two administrators who disable each other at once one stays", async () => {
    await services.asOwner("UPDATE member SET disabled_at = now()");
    const [ada, bob] = [await consoleAs("admin"), await consoleAs("admin")];
    const outcomes = await Promise.allSettled([
      ada.console.members.disable({ id: bob.member.id }),
      bob.console.members.disable({ id: ada.member.id }),
    ]);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("CVE-2026-33579 nobody invites, promotes or touches beyond their own role", async () => {
    const kept = services.policy.snapshot;
    const manager = {
      permissions: ["members:read", "members:write"],
      channels: [],
      commands: [],
      source: "database",
    };
    services.policy.snapshot = { ...kept, roles: new Map([...kept.roles, ["manager", manager]]) };
    try {
      const { console } = await consoleAs("manager");
      const admin = await addMember(services);
      const peer = await addMember(services, { role: "manager" });
      await expect(console.members.invite({ email: "boss@example.com", role: "admin" })).rejects.toMatchObject(
        failsWith("FORBIDDEN", { reason: "beyond_grant" }),
      );
      await expect(console.members.invite({ email: "boss@example.com", role: "nope" })).rejects.toMatchObject(
        failsWith("INVALID_INPUT"),
      );
      await expect(console.members.setRole({ id: peer.id, role: "admin" })).rejects.toMatchObject(
        failsWith("FORBIDDEN", { reason: "beyond_grant" }),
      );
      for (const refused of [
        () => console.members.setRole({ id: admin.id, role: "manager" }),
        () => console.members.disable({ id: admin.id }),
        () => console.members.resetFactors({ id: admin.id }),
        () => console.members.endSessions({ id: admin.id }),
      ]) {
        await expect(refused()).rejects.toMatchObject(failsWith("FORBIDDEN", { reason: "beyond_grant" }));
      }
      const link = await console.members.invite({ email: "peer@example.com", role: "manager", name: "Peer" });
      expect(link.url).toMatch(/^http:\/\/127\.0\.0\.1:18789\/setup#[\w-]{43}$/);
      await expect(console.members.invite({ email: admin.email, role: "manager" })).rejects.toMatchObject(
        failsWith("CONFLICT", { field: "email" }),
      );
    } finally {
      services.policy.snapshot = kept;
    }
  });
});
