import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startAuthServices, type AuthTestServices } from "../../tests/support/auth-services.ts";
import { mintSetupLink } from "#server/auth/index.ts";
import { SESSION_ABSOLUTE_MS, SESSION_IDLE_MS } from "#server/auth/policy.ts";
import { endSession, findSession } from "#server/auth/session.ts";
import { signInWithSetupLink } from "#server/auth/sign-in.ts";
import { messageOf } from "#server/core/errors.ts";

let services: AuthTestServices;
/** Each test comes from another address, so that waits do not carry over. */
let origin = { address: "", requestId: "req_test", userAgent: "test browser" };
let addresses = 0;

beforeAll(async () => {
  services = await startAuthServices();
});
afterAll(async () => services.close());
beforeEach(() => {
  addresses += 1;
  origin = { ...origin, address: `192.0.2.${addresses}` };
});

const mint = async (ttlMs?: number): Promise<string> => {
  const { code } = await mintSetupLink(services, {
    now: services.clock.now(),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  });
  return code;
};
const signIn = (code: unknown): Promise<string> => signInWithSetupLink(services, code, origin);
const refusalOf = (code: unknown): Promise<string> =>
  signIn(code).then(
    () => "signed in",
    (error: unknown) => messageOf(error),
  );
const isLive = async (id: string, active = false): Promise<boolean> =>
  (await findSession(services, id, { active })) !== null;

describe("set-up link", () => {
  test("opens a session once and records it", async () => {
    const code = await mint();
    const session = await findSession(services, await signIn(code), { active: false });
    expect(session).toMatchObject({ actor: { type: "operator", id: "operator" }, permissions: ["*"] });
    expect((await services.recorded()).slice(-2)).toMatchObject([
      { event: "auth.console_link_created", outcome: "ok" },
      { event: "auth.console_link_used", outcome: "ok" },
    ]);
  });

  test("of 50 parallel uses exactly one succeeds", async () => {
    const code = await mint();
    const before = await services.db.consoleSession.count();
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) => refusalOfFrom(code, `198.51.100.${index}`)),
    );
    expect(outcomes.filter((outcome) => outcome === "signed in")).toHaveLength(1);
    expect(await services.db.consoleSession.count()).toBe(before + 1);
  });

  test("a wrong, an expired, a used and a malformed code get the same answer", async () => {
    const used = await mint();
    await signIn(used);
    const expired = await mint(1_000);
    services.clock.time += 1_000;
    const answers = new Set([
      await refusalOf("A".repeat(43)),
      await refusalOf(expired),
      await refusalOf(used),
      await refusalOf({ code: 1 }),
    ]);
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain("openclaw console link");
  });

  test("a new link voids the older unused one", async () => {
    const older = await mint();
    const newer = await mint();
    expect(await refusalOf(older)).not.toBe("signed in");
    expect(await refusalOf(newer)).toBe("signed in");
  });

  test("neither the code nor the session id is stored anywhere", async () => {
    const code = await mint();
    const id = await signIn(code);
    const rows = JSON.stringify([
      await services.db.setupLink.findMany(),
      await services.db.consoleSession.findMany(),
      await services.recorded(),
    ]);
    expect(rows).not.toContain(code);
    expect(rows).not.toContain(id);
    const stored = await services.db.setupLink.findMany({ select: { codeHash: true } });
    expect(stored.every(({ codeHash }) => codeHash.length === 32)).toBe(true);
  });

  test("when the record cannot be written the link stays unused and nobody is signed in", async () => {
    const code = await mint();
    const sessions = await services.db.consoleSession.count();
    await services.asOwner(`
      CREATE FUNCTION record_broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'record broken'; END $$;
      CREATE TRIGGER record_broken BEFORE INSERT ON audit_intake EXECUTE FUNCTION record_broken()`);
    try {
      await expect(signIn(code)).rejects.toThrow(/record broken/);
    } finally {
      await services.asOwner("DROP TRIGGER record_broken ON audit_intake");
    }
    expect(await services.db.consoleSession.count()).toBe(sessions);
    expect(await refusalOf(code)).toBe("signed in");
  });

  async function refusalOfFrom(code: string, address: string): Promise<string> {
    try {
      await signInWithSetupLink(services, code, { ...origin, address });
      return "signed in";
    } catch (error) {
      return messageOf(error);
    }
  }
});

describe("guessing", () => {
  test("AUTH-9 failures are recorded, then the address waits, and every further attempt is counted", async () => {
    const before = (await services.recorded()).length;
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await refusalOf(`${attempt}`.repeat(43));
    }
    const flood = Array.from({ length: 40 }, () => signIn("B".repeat(43)));
    for (const attempt of flood) {
      await expect(attempt).rejects.toMatchObject({ code: "LOCKED_OUT", retryAfterSeconds: 1 });
    }
    const events = (await services.recorded()).slice(before);
    expect(events.slice(0, 6).map(({ reason }) => reason)).toEqual(Array<string>(6).fill("link_invalid"));
    const collapsed = events.slice(6);
    expect(collapsed.map(({ reason }) => reason)).toEqual(collapsed.map(() => "locked_out"));
    expect(collapsed.reduce((sum, { data }) => sum + Number((data as { count: number }).count), 0)).toBe(40);
    expect(events.every((event) => event.event === "auth.console_link_rejected" && event.outcome === "denied")).toBe(
      true,
    );
  });

  test("even the right code waits, from loopback too, and works afterwards", async () => {
    origin = { ...origin, address: "127.0.0.1" };
    const code = await mint();
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await refusalOf("C".repeat(43));
    }
    await expect(signIn(code)).rejects.toMatchObject({ code: "LOCKED_OUT" });
    services.clock.time += 1_000;
    expect(await refusalOf(code)).toBe("signed in");
  });
});

describe("session", () => {
  test("ends after 30 minutes without a person, however often the page refreshes itself", async () => {
    const id = await signIn(await mint());
    for (let minutes = 0; minutes < 29; minutes += 1) {
      services.clock.time += 60_000;
      expect(await isLive(id)).toBe(true);
    }
    services.clock.time += 60_000;
    expect(await isLive(id)).toBe(false);
  });

  test("lives on while somebody is there, but never past 12 hours", async () => {
    const id = await signIn(await mint());
    const step = SESSION_IDLE_MS - 1_000;
    for (let passed = step; passed < SESSION_ABSOLUTE_MS; passed += step) {
      services.clock.time += step;
      expect(await isLive(id, true)).toBe(true);
    }
    services.clock.time += step;
    expect(await isLive(id, true)).toBe(false);
  });

  test("ending it bites on the next call and is recorded once", async () => {
    const id = await signIn(await mint());
    const before = (await services.recorded()).length;
    await endSession(services, id);
    await endSession(services, id);
    expect(await isLive(id, true)).toBe(false);
    expect((await services.recorded()).slice(before)).toMatchObject([
      { event: "auth.console_session_ended", reason: "signed_out" },
    ]);
  });

  test("DATA-1 its row says nothing about the person in plain text, and the record of its end knows the address", async () => {
    const before = (await services.recorded()).length;
    origin = { ...origin, userAgent: "canary-browser" };
    const id = await signIn(await mint());
    const rows = JSON.stringify(await services.db.consoleSession.findMany());
    expect([rows.includes(`"${origin.address}"`), rows.includes("canary-browser")]).toEqual([false, false]);
    await endSession(services, id);
    expect((await services.recorded()).slice(before).at(-1)).toMatchObject({
      event: "auth.console_session_ended",
      address: origin.address,
    });
  });

  test("DATA-1 an address that was changed in the database is on record and keeps nobody from signing out", async () => {
    const id = await signIn(await mint());
    await services.asOwner("UPDATE console_session SET address = '$ocg1$AAAA'");
    const before = (await services.recorded()).length;
    await endSession(services, id);
    expect(await isLive(id, true)).toBe(false);
    expect((await services.recorded()).slice(before)).toMatchObject([
      { event: "auth.console_session_ended", address: null },
      { event: "data.unreadable", data: { column: "console_session.address" } },
    ]);
  });

  test("ending one session leaves the others alone", async () => {
    const [one, other] = [await signIn(await mint()), await signIn(await mint())];
    await endSession(services, one);
    expect(await isLive(other)).toBe(true);
  });

  test.each(["", "ses_unknown", "x".repeat(10_000), "\0"])("the id %j opens nothing", async (id) => {
    expect(await isLive(id)).toBe(false);
  });
});
