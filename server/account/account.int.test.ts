/** A member's own account, called as the console calls it: through the procedures, with real sessions. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startAuthServices, type AuthTestServices } from "../../tests/support/auth-services.ts";
import { addMember, codeAt, PASSWORD, signInMember, type TestMember } from "../../tests/support/members.ts";
import { findSession } from "#server/auth/session.ts";
import { signInWithPassword } from "#server/auth/sign-in-password.ts";
import type { AppServices } from "#server/services.ts";
import { createCaller } from "#server/trpc/root.ts";

let services: AuthTestServices;
let origin = {
  address: "",
  requestId: "req_test",
  userAgent: "test browser" as string | null,
  host: "127.0.0.1:18789",
};
let networks = 0;
/** Ids of sessions that the browser was given in place of its own. */
let replaced: string[] = [];

beforeAll(async () => {
  services = await startAuthServices();
});
afterAll(async () => services.close());
beforeEach(() => {
  networks += 1;
  replaced = [];
  origin = { ...origin, address: `198.51.${networks}.1` };
  services.mfa = ["*"];
});

const NEXT_PASSWORD = "eleven violet ferries at dawn";

/** The console as the holder of that session sees it at this moment. */
async function consoleOf(sessionId: string) {
  const reauthenticate = () => findSession(services, sessionId, { active: true });
  return createCaller({
    services: services as unknown as AppServices,
    origin,
    session: await reauthenticate(),
    reauthenticate,
    replaceSession: async (id) => void replaced.push(id),
  });
}
const isLive = async (sessionId: string): Promise<boolean> =>
  (await findSession(services, sessionId, { active: false })) !== null;
const signIn = (member: TestMember): Promise<string> => signInMember(services, member, origin);
const codeNow = (seed: string): string => codeAt(seed.replaceAll(" ", ""), services.clock.now());
const failsWith = (code: string, details?: object) => ({
  cause: { code, ...(details === undefined ? {} : { details }) },
});
const eventsSince = async (before: number) => (await services.recorded()).slice(before);
const recordedSoFar = async (): Promise<number> => (await services.recorded()).length;

describe("AUTH-10 enrolling an authenticator", () => {
  test("the whole way: password, enrolment, recovery codes, a new session id, and sign-in with code or recovery code", async () => {
    const member = await addMember(services, { totp: false });
    const first = await signIn(member);
    const enrolling = await consoleOf(first);
    expect(await enrolling.account.viewer()).toMatchObject({
      email: member.email,
      secondFactor: "missing",
      mfaRequired: true,
      factors: { totp: false, passkeys: 0, recoveryCodesLeft: 0 },
    });
    const before = await recordedSoFar();
    const { secret, uri, qr } = await enrolling.account.beginTotp({ password: PASSWORD });
    expect(uri).toContain(`secret=${secret.replaceAll(" ", "")}`);
    expect(secret.replaceAll(" ", "")).toHaveLength(32);
    expect(qr).toMatch(/^data:image\/png;base64,/);
    const code = codeNow(secret);
    const { recoveryCodes } = await enrolling.account.confirmTotp({ code });
    expect(new Set(recoveryCodes).size).toBe(10);
    expect(recoveryCodes.every((shown) => /^(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}$/.test(shown))).toBe(true);
    expect((await eventsSince(before)).map(({ event }) => event)).toEqual([
      "auth.console_session_ended",
      "auth.factor_added",
      "auth.recovery_codes_made",
    ]);

    // Whoever copied the cookie before the second factor was there has nothing.
    expect(await isLive(first)).toBe(false);
    expect(replaced).toHaveLength(1);
    const console = await consoleOf(replaced[0] ?? "");
    expect(await console.account.viewer()).toMatchObject({
      secondFactor: "verified",
      factors: { totp: true, passkeys: 0, recoveryCodesLeft: 10 },
    });
    expect(await console.members.list({})).toMatchObject({ nextCursor: null });

    // The code that enrolled is used up; the next one signs in.
    const typed = { email: member.email, password: PASSWORD };
    await expect(signInWithPassword(services, { ...typed, code }, origin)).rejects.toMatchObject({
      word: "SecondFactorInvalid",
    });
    await expect(signIn({ ...member, seed: secret.replaceAll(" ", "") })).resolves.toMatch(/^ses_/);
    const [recoveryCode = ""] = recoveryCodes;
    await expect(signInWithPassword(services, { ...typed, recoveryCode }, origin)).resolves.toMatch(/^ses_/);
  });

  test("a session without its second factor reaches nothing but enrolment", async () => {
    const enrolling = await consoleOf(await signIn(await addMember(services, { totp: false })));
    for (const refused of [
      () => enrolling.members.list({}),
      () => enrolling.account.sessions(),
      () => enrolling.account.stepUp({ password: PASSWORD }),
      () => enrolling.account.rename({ name: "X" }),
      () => enrolling.overview.status(),
    ]) {
      await expect(refused()).rejects.toMatchObject(failsWith("MFA_REQUIRED"));
    }
  });

  test("an active authenticator is not replaced by enrolling again", async () => {
    const console = await consoleOf(await signIn(await addMember(services)));
    await expect(console.account.beginTotp({ password: PASSWORD })).rejects.toMatchObject(failsWith("CONFLICT"));
    await expect(console.account.confirmTotp({ code: "000000" })).rejects.toMatchObject(failsWith("CONFLICT"));
  });

  test("it takes the password, a code that is right, and what was begun; guesses are slowed down", async () => {
    const console = await consoleOf(await signIn(await addMember(services, { totp: false })));
    await expect(console.account.beginTotp({ password: "wrong password" })).rejects.toMatchObject(
      failsWith("INVALID_INPUT", { field: "password" }),
    );
    await expect(console.account.confirmTotp({ code: "000000" })).rejects.toMatchObject(failsWith("CONFLICT"));
    const { secret } = await console.account.beginTotp({ password: PASSWORD });
    const wrong = codeNow(secret) === "000000" ? "111111" : "000000";
    for (let guess = 0; guess < 6; guess += 1) {
      await expect(console.account.confirmTotp({ code: wrong })).rejects.toMatchObject(failsWith("INVALID_INPUT"));
    }
    await expect(console.account.confirmTotp({ code: codeNow(secret) })).rejects.toMatchObject(failsWith("LOCKED_OUT"));
  });

  test("of two confirmations at once one wins, and the other's recovery codes are not the ones that count", async () => {
    const member = await addMember(services, { totp: false });
    const console = await consoleOf(await signIn(member));
    const { secret } = await console.account.beginTotp({ password: PASSWORD });
    const code = codeNow(secret);
    const outcomes = await Promise.allSettled([
      console.account.confirmTotp({ code }),
      console.account.confirmTotp({ code }),
    ]);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await services.db.recoveryCode.count({ where: { memberId: member.id } })).toBe(10);
  });

  test("where the role does not ask for a factor, a password is enough, until the configuration changes", async () => {
    services.mfa = ["admin"];
    const member = await addMember(services, { role: "user", totp: false });
    const id = await signIn(member);
    expect(await (await consoleOf(id)).account.viewer()).toMatchObject({
      secondFactor: "verified",
      mfaRequired: false,
    });
    services.mfa = ["user"];
    await expect((await consoleOf(id)).account.sessions()).rejects.toMatchObject(failsWith("MFA_REQUIRED"));
  });
});

describe("AUTH-10 proving it again", () => {
  /** A session whose proof at sign-in is too old for dangerous actions. */
  async function stale(member: TestMember) {
    const id = await signIn(member);
    services.clock.time += 10 * 60_000;
    return { id, console: await consoleOf(id) };
  }

  test("after ten minutes a dangerous action asks for it, a code opens it for ten more, in this session alone", async () => {
    const member = await addMember(services);
    const other = await stale(member);
    const { id, console } = await stale(member);
    await expect(console.account.regenerateRecoveryCodes()).rejects.toMatchObject(failsWith("STEP_UP_REQUIRED"));
    expect(await console.account.stepUpOptions()).toEqual({ methods: ["totp"], passkey: null });
    const before = await recordedSoFar();
    const code = codeNow(member.seed ?? "");
    expect(await console.account.stepUp({ code })).toEqual({
      steppedUpUntil: new Date(services.clock.time + 10 * 60_000),
    });
    expect(await eventsSince(before)).toMatchObject([{ event: "auth.stepped_up", data: { method: "totp" } }]);
    expect((await (await consoleOf(id)).account.regenerateRecoveryCodes()).recoveryCodes).toHaveLength(10);
    await expect((await consoleOf(other.id)).account.regenerateRecoveryCodes()).rejects.toMatchObject(
      failsWith("STEP_UP_REQUIRED"),
    );
    // The same code is used up, also for this.
    await expect((await consoleOf(other.id)).account.stepUp({ code })).rejects.toMatchObject(
      failsWith("INVALID_INPUT"),
    );
    services.clock.time += 10 * 60_000;
    await expect((await consoleOf(id)).account.regenerateRecoveryCodes()).rejects.toMatchObject(
      failsWith("STEP_UP_REQUIRED"),
    );
  });

  test("a stolen session does not get there with the password, nor by guessing", async () => {
    const member = await addMember(services);
    const { console } = await stale(member);
    await expect(console.account.stepUp({ password: PASSWORD })).rejects.toMatchObject(failsWith("INVALID_INPUT"));
    const before = await recordedSoFar();
    const wrong = codeNow(member.seed ?? "") === "000000" ? "111111" : "000000";
    for (let guess = 0; guess < 6; guess += 1) {
      await expect(console.account.stepUp({ code: wrong })).rejects.toMatchObject(failsWith("INVALID_INPUT"));
    }
    await expect(console.account.stepUp({ code: codeNow(member.seed ?? "") })).rejects.toMatchObject(
      failsWith("LOCKED_OUT"),
    );
    const events = await eventsSince(before);
    expect(new Set(events.map(({ event }) => event))).toEqual(new Set(["auth.step_up_failed"]));
  });

  test("of many parallel proofs with one recovery code one counts", async () => {
    const member = await addMember(services);
    const { recoveryCodes } = await (await consoleOf(await signIn(member))).account.regenerateRecoveryCodes();
    const [recoveryCode = ""] = recoveryCodes;
    const sessions: Awaited<ReturnType<typeof stale>>[] = [];
    for (let count = 0; count < 8; count += 1) {
      sessions.push(await stale(member));
    }
    const outcomes = await Promise.allSettled(sessions.map(({ console }) => console.account.stepUp({ recoveryCode })));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("without any second factor the password is what there is to prove", async () => {
    services.mfa = [];
    const { id, console } = await stale(await addMember(services, { totp: false }));
    expect(await console.account.stepUpOptions()).toEqual({ methods: ["password"], passkey: null });
    await expect(console.account.stepUp({ password: "wrong password" })).rejects.toMatchObject(
      failsWith("INVALID_INPUT", { field: "password" }),
    );
    await console.account.stepUp({ password: PASSWORD });
    await (await consoleOf(id)).account.changePassword({ current: PASSWORD, next: NEXT_PASSWORD });
  });
});

describe("AUTH-10 removing and changing", () => {
  test("the last factor of a role that asks for one stays; elsewhere it goes with password and code, and other sessions end", async () => {
    const member = await addMember(services);
    const [other, mine] = [await signIn(member), await signIn(member)];
    const console = await consoleOf(mine);
    services.clock.time += 30_000;
    const code = () => codeNow(member.seed ?? "");
    await expect(console.account.removeTotp({ password: PASSWORD, code: code() })).rejects.toMatchObject(
      failsWith("CONFLICT"),
    );
    services.mfa = [];
    await expect(console.account.removeTotp({ password: "wrong password", code: code() })).rejects.toMatchObject(
      failsWith("INVALID_INPUT", { field: "password" }),
    );
    await console.account.removeTotp({ password: PASSWORD, code: code() });
    expect([await isLive(other), await isLive(mine)]).toEqual([false, true]);
    const row = await services.db.member.findUniqueOrThrow({ where: { id: member.id } });
    expect([row.totpSecret, row.totpLastStep]).toEqual([null, null]);
  });

  test("a new password ends every other session, and the old one opens nothing", async () => {
    const member = await addMember(services);
    const [other, mine] = [await signIn(member), await signIn(member)];
    const console = await consoleOf(mine);
    for (const [next, reason] of [
      [PASSWORD, "password_same"],
      ["password1234", "password_common"],
      [`${member.email}!`, "password_personal"],
    ] as const) {
      await expect(console.account.changePassword({ current: PASSWORD, next })).rejects.toMatchObject(
        failsWith("INVALID_INPUT", { field: "next", reason }),
      );
    }
    await expect(console.account.changePassword({ current: NEXT_PASSWORD, next: NEXT_PASSWORD })).rejects.toMatchObject(
      failsWith("INVALID_INPUT", { field: "current" }),
    );
    await console.account.changePassword({ current: PASSWORD, next: NEXT_PASSWORD });
    expect([await isLive(other), await isLive(mine)]).toEqual([false, true]);
    await expect(signIn(member)).rejects.toMatchObject({ word: "CredentialsInvalid" });
  });
});

describe("AUTH-10 sessions", () => {
  test("a member sees and ends their own, and no others", async () => {
    const [ada, bob] = [await addMember(services), await addMember(services)];
    const [first, mine, foreign] = [await signIn(ada), await signIn(ada), await signIn(bob)];
    const console = await consoleOf(mine);
    const listed = await console.account.sessions();
    expect(listed).toMatchObject([
      { current: true, method: "totp", address: origin.address, userAgent: "test browser" },
      { current: false },
    ]);
    const [foreignSession] = await (await consoleOf(foreign)).account.sessions();
    await expect(console.account.endSession({ id: foreignSession?.id ?? "" })).rejects.toMatchObject(
      failsWith("NOT_FOUND"),
    );
    await console.account.endSession({ id: listed[1]?.id ?? "" });
    expect([await isLive(first), await isLive(mine), await isLive(foreign)]).toEqual([false, true, true]);
    await expect(console.account.endSession({ id: listed[1]?.id ?? "" })).rejects.toMatchObject(failsWith("NOT_FOUND"));
    await signIn(ada);
    await signIn(ada);
    expect(await console.account.endOtherSessions()).toEqual({ ended: 2 });
    expect(await isLive(mine)).toBe(true);
  });

  test("its id is another one at every sign-in, and an id that was made up beforehand is none", async () => {
    const member = await addMember(services);
    const ids = [await signIn(member), await signIn(member)];
    expect(new Set(ids).size).toBe(2);
    expect(await isLive("ses_chosen-by-an-attacker")).toBe(false);
  });

  test("they end after 30 minutes without a person, and after 12 hours in any case", async () => {
    const member = await addMember(services);
    const id = await signIn(member);
    services.clock.time += 29 * 60_000;
    expect(await isLive(id)).toBe(true);
    services.clock.time += 60_000;
    expect(await isLive(id)).toBe(false);
    const busy = await signIn(member);
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      services.clock.time += 20 * 60_000;
      expect(await findSession(services, busy, { active: true })).not.toBeNull();
    }
    services.clock.time += 20 * 60_000;
    expect(await findSession(services, busy, { active: true })).toBeNull();
  });

  test("DATA-1 rows say nothing about people in plain text, and a value that was changed is left out and on record", async () => {
    const member = await addMember(services);
    const id = await signIn(member);
    const { rows } = await services.pool.query<{ text: string }>("SELECT t::text AS text FROM console_session AS t");
    expect(rows.some(({ text }) => text.includes(`,${origin.address},`) || text.includes("test browser"))).toBe(false);
    await services.asOwner(`UPDATE console_session SET address = '$ocg1$AAAA' WHERE member_id = '${member.id}'`);
    const before = await recordedSoFar();
    const [session] = await (await consoleOf(id)).account.sessions();
    expect(session).toMatchObject({ address: null, userAgent: "test browser" });
    expect(await eventsSince(before)).toMatchObject([
      { event: "data.unreadable", data: { column: "console_session.address" } },
    ]);
  });

  test("a role that is taken out of the policy leaves its members with nothing, at the next call", async () => {
    const member = await addMember(services);
    const id = await signIn(member);
    const kept = services.policy.snapshot;
    const roles = new Map(kept.roles);
    roles.delete("admin");
    services.policy.snapshot = { ...kept, roles };
    try {
      const console = await consoleOf(id);
      expect((await console.account.viewer()).permissions).toEqual([]);
      await expect(console.members.list({})).rejects.toMatchObject(failsWith("FORBIDDEN"));
    } finally {
      services.policy.snapshot = kept;
    }
  });
});
