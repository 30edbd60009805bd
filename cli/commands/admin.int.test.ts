import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { RECORDED } from "../../tests/support/audit.ts";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { registerAdmin } from "./admin.ts";

const ADA = "ada@example.com";

let bench: CliBench;
beforeAll(async () => {
  bench = await openCliBench(registerAdmin);
});
afterAll(() => bench.close());
beforeEach(async () => {
  await bench.sql("DELETE FROM invitation; DELETE FROM member");
  // Two, so that the one who is changed is not the last administrator.
  await bench.sql(`
    INSERT INTO member (id, email, name, role_name, password_hash, totp_secret)
    VALUES ('mem_ada', '${ADA}', 'Ada', 'admin', 'hash', 'sealed'), ('mem_bo', 'bo@example.com', 'Bo', 'admin', 'hash', 'sealed');
    INSERT INTO recovery_code (hash, member_id) VALUES ('\\x01', 'mem_ada');
    INSERT INTO console_session (id_hash, public_id, member_id, auth_version, method, factor_proven, expires_at)
    VALUES ('\\x01', 'cs_1', 'mem_ada', 1, 'totp', true, now() + interval '1 hour'),
           ('\\x02', 'cs_2', 'mem_ada', 1, 'totp', true, now() + interval '1 hour')`);
});

const recorded = (event: string) =>
  bench.sql<{ event: string; outcome: string; actor_type: string; target: string }>(
    `SELECT event, outcome, actor_type, target FROM ${RECORDED} AS record WHERE event = '${event}' ORDER BY n DESC LIMIT 1`,
  );
const one = async <Row extends object>(sql: string): Promise<Row | undefined> => (await bench.sql<Row>(sql))[0];
const liveSessions = async (): Promise<number> =>
  (
    await one<{ n: number }>(
      `SELECT count(*)::int AS n FROM console_session JOIN member ON member.id = member_id
     WHERE member_id = 'mem_ada' AND revoked_at IS NULL AND console_session.auth_version = member.auth_version`,
    )
  )?.n ?? -1;

describe("AUTH-10 openclaw admin", () => {
  test("create prints a link that nothing in the database could be used in place of, on record", async () => {
    const { out, exitCode } = await bench.run(
      "admin",
      "create",
      "--email",
      "Sam@Example.com",
      "--role",
      "user",
      "--json",
    );
    expect(exitCode).toBe(0);
    const made = JSON.parse(out.join("\n")) as { id: string; url: string; expiresAt: string };
    const code = new URL(made.url).hash.slice(1);
    expect(code.length).toBeGreaterThan(20);
    expect(new URL(made.url).search).toBe("");
    expect(await one("SELECT email, role_name, created_by FROM invitation")).toMatchObject({
      email: "sam@example.com",
      role_name: "user",
    });
    const stored = JSON.stringify(await bench.sql(`SELECT invitation.*, encode(code_hash, 'escape') FROM invitation`));
    expect(stored).not.toContain(code);
    expect(await recorded("member.invited")).toMatchObject([{ outcome: "ok", actor_type: "operator" }]);
  });

  test.each([
    ["an address that is none", ["--email", "sam"], /email/i],
    ["a role that does not exist", ["--email", "sam@example.com", "--role", "nosuch"], /nosuch/],
    ["somebody who is a member already", ["--email", ADA], /already/],
  ])("create refuses %s and makes nothing", async (_what, options, message) => {
    const { err, exitCode } = await bench.run("admin", "create", ...options);
    expect(exitCode).not.toBe(0);
    expect(err.at(-1)).toMatch(message);
    expect(await bench.sql("SELECT 1 FROM invitation")).toEqual([]);
  });

  test("list says who there is and shows nothing that opens anything", async () => {
    const { out } = await bench.run("admin", "list", "--json");
    const members = JSON.parse(out.join("\n")) as { email: string; sessions: number; state: string }[];
    expect(members.map(({ email }) => email).sort()).toEqual([ADA, "bo@example.com"]);
    expect(members.find(({ email }) => email === ADA)).toMatchObject({ state: "active", sessions: 2 });
    expect(out.join("\n")).not.toMatch(/hash|sealed/);
  });

  test("disable ends every session at once and enable lets in again", async () => {
    expect(await liveSessions()).toBe(2);
    expect((await bench.run("admin", "disable", ADA)).exitCode).toBe(0);
    expect(await one(`SELECT disabled_at IS NOT NULL AS off FROM member WHERE email = '${ADA}'`)).toEqual({
      off: true,
    });
    expect(await liveSessions()).toBe(0);
    expect(await recorded("member.disabled")).toMatchObject([{ actor_type: "operator", target: "mem_ada" }]);
    expect((await bench.run("admin", "enable", ADA)).exitCode).toBe(0);
    expect(await one(`SELECT disabled_at AS off FROM member WHERE email = '${ADA}'`)).toEqual({ off: null });
  });

  test("reset-mfa takes every second factor and every session, and leaves the password", async () => {
    expect((await bench.run("admin", "reset-mfa", ADA)).exitCode).toBe(0);
    const row = await one(`SELECT totp_secret, password_hash FROM member WHERE email = '${ADA}'`);
    expect(row).toEqual({ totp_secret: null, password_hash: "hash" });
    expect(await bench.sql("SELECT 1 FROM recovery_code WHERE member_id = 'mem_ada' AND used_at IS NULL")).toEqual([]);
    expect(await liveSessions()).toBe(0);
  });

  test("end-sessions says how many; reset-password makes a link for that member alone", async () => {
    const ended = await bench.run("admin", "end-sessions", ADA, "--json");
    expect(JSON.parse(ended.out.join("\n"))).toEqual({ email: ADA, ended: 2 });
    const { out } = await bench.run("admin", "reset-password", ADA, "--json");
    expect(JSON.parse(out.join("\n"))).toMatchObject({ url: expect.stringContaining("#") as string });
    expect(await one("SELECT member_id FROM invitation")).toEqual({ member_id: "mem_ada" });
  });

  test.each(["disable", "enable", "reset-mfa", "reset-password", "end-sessions"])(
    "%s of somebody who is no member is refused by name",
    async (command) => {
      const { err, exitCode } = await bench.run("admin", command, "nobody@example.com");
      expect(exitCode).toBe(3);
      expect(err.at(-1)).toContain("nobody@example.com");
    },
  );

  test("the last administrator cannot be kept out", async () => {
    expect((await bench.run("admin", "disable", "bo@example.com")).exitCode).toBe(0);
    const { err, exitCode } = await bench.run("admin", "disable", ADA);
    expect(exitCode).not.toBe(0);
    expect(err.at(-1)).toMatch(/last/i);
    expect(await one(`SELECT disabled_at AS off FROM member WHERE email = '${ADA}'`)).toEqual({ off: null });
  });
});
