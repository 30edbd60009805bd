/** OPS-3: members whom an incident has shut out, at sign-in, on every call of the console and in its live views; and the way back. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startAuthServices, type AuthTestServices } from "../../tests/support/auth-services.ts";
import { addMember, signInMember, type TestMember } from "../../tests/support/members.ts";
import { createLiveStreams } from "#server/auth/live-streams.ts";
import { findSession, type ConsoleSession } from "#server/auth/session.ts";
import { SURFACES } from "#server/auth/surfaces.ts";
import { isAppError, type AppError } from "#server/core/errors.ts";
import { readPolicy } from "#server/access/index.ts";
import { liftLock, setLock, stopEverything, type LockDeps, type LockedBy } from "#server/incidents/index.ts";
import type { AppServices } from "#server/services.ts";
import { createCaller } from "#server/trpc/root.ts";

let services: AuthTestServices;
let networks = 0;
beforeAll(async () => {
  services = await startAuthServices();
});
afterAll(() => services.close());
afterEach(async () => {
  services.locks.set();
  await services.asOwner("UPDATE incident_lock SET ended_at = now(), ended_by = 'test' WHERE ended_at IS NULL");
});

const originOf = () => ({ address: `198.18.${(networks += 1)}.1`, requestId: "req_test", userAgent: null });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => {
      const cause: unknown = error instanceof Error && isAppError(error.cause) ? error.cause : error;
      return isAppError(cause) ? `${cause.code}: ${cause.message}` : String(error);
    },
  );
const signIn = (member: TestMember) => codeOf(signInMember(services, member, originOf()));

interface Signed {
  member: TestMember;
  sessionId: string;
  session: ConsoleSession;
  console: ReturnType<typeof createCaller>;
}

async function signedIn(role: string): Promise<Signed> {
  const member = await addMember(services, { role });
  const origin = originOf();
  const sessionId = await signInMember(services, member, origin);
  const reauthenticate = () => findSession(services, sessionId, { active: true });
  const session = await reauthenticate();
  if (session === null) {
    throw new Error("no session");
  }
  const context = { services: services as unknown as AppServices, origin, session, reauthenticate };
  return { member, sessionId, session, console: createCaller(context) };
}

const deps = async (): Promise<LockDeps> => ({
  db: services.db,
  clock: services.clock,
  policy: await readPolicy(services.pool, { enabled: true, roles: undefined, users: undefined, channels: undefined }),
});
const OPERATOR: LockedBy = { actor: { type: "operator", id: "cli" }, member: null };
const byMember = ({ session }: Signed): LockedBy => ({
  actor: session.actor,
  member: { id: session.memberId, role: session.role },
});

describe("OPS-3 the console's doors", () => {
  it("are what the list of surfaces says", () => {
    expect(Object.keys(SURFACES)).toEqual(expect.arrayContaining(["sign_in", "session"]));
  });

  it.each<["member" | "role" | "everything"]>([["member"], ["role"], ["everything"]])(
    "a lock on %s refuses sign-in and every call with its words alone, on record; others go on",
    async (kind) => {
      const locked = await signedIn("user");
      const other = await signedIn("admin");
      const target = kind === "member" ? locked.member.id : kind === "role" ? "user" : "";
      services.locks.set({ kind, target });
      const words = `LOCKED: The ${kind} is locked.`;
      expect(await codeOf(locked.console.account.viewer())).toBe(words);
      expect(await codeOf(other.console.account.viewer())).toBe("done");
      expect(await signIn(locked.member)).toBe(words);
      expect(await signIn(other.member)).toBe("done");
      const refused = (await services.recorded()).filter(({ event }) => event === "incident.refused").slice(-2);
      expect(refused).toMatchObject([
        { outcome: "denied", reason: kind, actorType: "member" },
        { outcome: "denied", reason: kind, actorType: "member" },
      ]);
      services.locks.set();
      expect(await codeOf(locked.console.account.viewer())).toBe("done");
      expect(await signIn(locked.member)).toBe("done");
    },
  );

  it("whoever does not know the password learns nothing of the lock", async () => {
    const { member } = await signedIn("user");
    services.locks.set({ kind: "member", target: member.id });
    const wrong = { ...member, seed: null };
    expect(await codeOf(signInMember(services, { ...wrong, email: "nobody@example.com" }, originOf()))).toMatch(
      /^UNAUTHENTICATED: The address or the password is not right/,
    );
  });

  it("live views end at once", async () => {
    const { session, sessionId } = await signedIn("user");
    const streams = createLiveStreams(services, new AbortController().signal, 3_600_000);
    const ended = Promise.withResolvers<AppError>();
    streams.open({
      session,
      permissions: new Set(),
      reauthenticate: () => findSession(services, sessionId, { active: false }),
      end: ended.resolve,
    });
    services.locks.set({ kind: "member", target: "somebody else" });
    expect(streams.count()).toBe(1);
    services.locks.set({ kind: "member", target: session.memberId });
    expect(await ended.promise).toMatchObject({ code: "LOCKED", message: "The member is locked." });
    expect(streams.count()).toBe(0);
  });
});

describe("OPS-3 the way back", () => {
  it("a lock on a member ends their sessions for good, each on record", async () => {
    const { member, sessionId } = await signedIn("user");
    const { id } = await setLock(await deps(), OPERATOR, { kind: "member", target: member.email, reason: "test" });
    expect(await findSession(services, sessionId, { active: false })).toBeNull();
    expect((await services.recorded()).at(-2)).toMatchObject({ event: "auth.console_session_ended", reason: "locked" });
    await liftLock(await deps(), OPERATOR, { id });
    expect(await findSession(services, sessionId, { active: false })).toBeNull();
  });

  it("nobody locks themselves, their own role or the last other who could lift it; the machine can", async () => {
    const ada = await signedIn("admin");
    const objection = (kind: "member" | "role", target: string) =>
      codeOf(deps().then((given) => setLock(given, byMember(ada), { kind, target, reason: "test" })));
    expect(await objection("member", ada.member.id)).toMatch(/^CONFLICT: This would lock you out yourself/);
    expect(await objection("role", "admin")).toMatch(/^CONFLICT: This would lock you out yourself/);
    expect(await objection("role", "user")).toBe("done");
    await services.asOwner(
      "INSERT INTO role (name, permissions, channels, commands) VALUES ('watch', '{incidents:manage}', '{}', '{}')",
    );
    const eve = await signedIn("watch");
    await services.db.member.updateMany({
      where: { id: { notIn: [ada.member.id] } },
      data: { disabledAt: new Date() },
    });
    expect(
      await codeOf(
        deps().then((given) => setLock(given, byMember(eve), { kind: "member", target: ada.member.id, reason: "x" })),
      ),
    ).toMatch(/^CONFLICT: Nobody would be left/);
    expect(
      await codeOf(
        deps().then((given) => setLock(given, OPERATOR, { kind: "member", target: ada.member.id, reason: "x" })),
      ),
    ).toBe("done");
  });

  it("through the console: permission, phrase and fresh proof, and resume by who manages incidents", async () => {
    const ada = await signedIn("admin");
    const uma = await signedIn("user");
    const stop = { reason: "test", confirmation: "STOP EVERYTHING" as const };
    expect(await codeOf(uma.console.incidents.stopEverything(stop))).toMatch(/^FORBIDDEN/);
    await expect(
      ada.console.incidents.stopEverything({ ...stop, confirmation: "stop everything" as "STOP EVERYTHING" }),
    ).rejects.toThrow(/type STOP EVERYTHING/);
    services.clock.time += 3_600_000;
    const { id } = await stopEverything(await deps(), OPERATOR, { reason: "test" });
    services.locks.set({ kind: "everything", target: "" });
    // Proven too long ago.
    expect(await codeOf(ada.console.incidents.resume({ reason: "over" }))).toMatch(/^STEP_UP_REQUIRED/);
    const again = await signedIn("admin");
    expect(await services.db.incidentLock.findMany({ where: { endedAt: null, kind: "everything" } })).toMatchObject([
      { id },
    ]);
    expect(await again.console.incidents.resume({ reason: "over" })).toEqual({ lifted: 1 });
    expect((await services.recorded()).at(-1)).toMatchObject({
      event: "incident.everything_resumed",
      actorType: "member",
    });
  });
});
