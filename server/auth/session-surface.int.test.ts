import { encode } from "next-auth/jwt";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startAuthServices, type AuthTestServices } from "../../tests/support/auth-services.ts";
import { addMember, signInMember } from "../../tests/support/members.ts";
import { signOut } from "#server/auth/end-sessions.ts";
import { authenticateSession } from "#server/auth/session-surface.ts";

let services: AuthTestServices;
let origin = { address: "", requestId: "req_test", userAgent: null };
let host = 0;

beforeAll(async () => {
  services = await startAuthServices();
});
afterAll(() => services.close());
beforeEach(() => {
  host += 1;
  origin = { ...origin, address: `203.0.113.${host}` };
});

const present = (cookie: string | null) =>
  authenticateSession(services, {
    cookies: cookie === null ? null : `theme=dark; openclaw-session=${cookie}`,
    origin,
    active: false,
  });
const seal = (sid: string, secret = services.sessionSecret) => encode({ token: { sid }, secret, maxAge: 60 });

const signedIn = async (): Promise<string> => signInMember(services, await addMember(services), origin);

describe("AUTH-9 the console's cookie", () => {
  test("a live session is found, no cookie is nobody, and neither leaves a trace", async () => {
    const id = await signedIn();
    const before = (await services.recorded()).length;
    expect(await present(await seal(id))).toMatchObject({ actor: { type: "member" } });
    expect(await present(null)).toBeNull();
    expect((await services.recorded()).length).toBe(before);
  });

  test("one whose session has ended opens nothing, and is no guess however often it comes", async () => {
    const id = await signedIn();
    await signOut(services, id);
    for (let poll = 0; poll < 20; poll += 1) {
      expect(await present(await seal(id))).toBeNull();
    }
  });

  test("ones that we did not make are recorded and slowed down; the right one from there still opens its session", async () => {
    const id = await signedIn();
    const before = (await services.recorded()).length;
    const forged = await seal(id, "another-secret-another-secret-another");
    const outcomes: string[] = [];
    for (const cookie of [forged, "junk", "a.b.c.d.e", forged, "x".repeat(4_000), forged, forged, "junk"]) {
      outcomes.push(
        await present(cookie).then(
          () => "nobody",
          (error: { code: string }) => error.code,
        ),
      );
    }
    expect(outcomes).toEqual([...Array<string>(6).fill("nobody"), "LOCKED_OUT", "LOCKED_OUT"]);
    const events = (await services.recorded()).slice(before);
    expect(new Set(events.map(({ event }) => event))).toEqual(new Set(["auth.session_rejected"]));
    expect(events.reduce((sum, { data }) => sum + Number((data as { count: number }).count), 0)).toBe(8);
    expect(await present(await seal(id))).not.toBeNull();
  });
});
