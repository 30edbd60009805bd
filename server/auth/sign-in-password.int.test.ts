import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startAuthServices, type AuthTestServices } from "../../tests/support/auth-services.ts";
import { addMember, codeAt, PASSWORD, signInMember, type TestMember } from "../../tests/support/members.ts";
import { newRecoveryCodes, replaceRecoveryCodes } from "#server/auth/recovery-codes.ts";
import { SignInRefusal } from "#server/auth/refusals.ts";
import { findSession } from "#server/auth/session.ts";
import { signInWithPassword } from "#server/auth/sign-in-password.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { isAppError } from "#server/core/errors.ts";

let services: AuthTestServices;
/** Each test comes from another network, so that waits do not carry over. */
let origin = { address: "", requestId: "req_test", userAgent: "test browser" };
let networks = 0;

beforeAll(async () => {
  services = await startAuthServices();
});
afterAll(async () => services.close());
beforeEach(() => {
  networks += 1;
  origin = { ...origin, address: `198.51.${networks}.1` };
});

interface Typed {
  email: string;
  password?: string;
  code?: string;
  recoveryCode?: string;
}

/** "signed in", or the word of the refusal. */
function outcomeOf({ password = PASSWORD, ...typed }: Typed, address = origin.address): Promise<string> {
  return signInWithPassword(services, { password, ...typed }, { ...origin, address }).then(
    () => "signed in",
    (error: unknown) => {
      if (error instanceof SignInRefusal) {
        return error.word;
      }
      return isAppError(error) ? error.code : String(error);
    },
  );
}

const codeNow = ({ seed }: TestMember): string => codeAt(seed ?? "", services.clock.now());
const recorded = async (since: number) => (await services.recorded()).slice(since);
const count = async (): Promise<number> => (await services.recorded()).length;

describe("AUTH-10 password and code", () => {
  test("open a session of the member, with the rights of the role in force, and are on record", async () => {
    const member = await addMember(services, { role: "user" });
    const before = await count();
    const id = await signInMember(services, member, origin);
    const session = await findSession(services, id, { active: false });
    expect(session).toMatchObject({
      memberId: member.id,
      email: member.email,
      role: "user",
      actor: { type: "member", id: member.id },
      permissions: services.policy.current().roles.get("user")?.permissions,
      secondFactor: "verified",
      factorProven: true,
    });
    // Just proven: dangerous actions are open for ten minutes.
    expect(session?.steppedUpUntil?.getTime()).toBe(services.clock.time + 10 * 60_000);
    expect(await recorded(before)).toMatchObject([
      { event: "auth.signed_in", outcome: "ok", address: origin.address, data: { method: "totp" } },
    ]);
  });

  test("a password alone never yields a session where a factor is enrolled, and says what is missing", async () => {
    const member = await addMember(services);
    const sessions = await services.db.consoleSession.count();
    expect(await outcomeOf({ email: member.email })).toBe("SecondFactorRequired:totp");
    await withTx(services.db, (tx) => replaceRecoveryCodes(tx, member.id, newRecoveryCodes()));
    expect(await outcomeOf({ email: member.email, code: "" })).toBe("SecondFactorRequired:totp,recovery");
    for (const code of ["000000", "12345", "1234567", "abcdef", " ", "１２３４５６"]) {
      services.clock.time += 60 * 60_000;
      expect(await outcomeOf({ email: member.email, code })).toBe("SecondFactorInvalid");
    }
    expect(await services.db.consoleSession.count()).toBe(sessions);
  });

  test("unknown, disabled, wrong, and never set get the same answer, and the hash function runs each time", async () => {
    const [disabled, wrong, none] = [await addMember(services), await addMember(services), await addMember(services)];
    await services.db.member.update({ where: { id: disabled.id }, data: { disabledAt: new Date() } });
    await services.db.member.update({ where: { id: none.id }, data: { passwordHash: null } });
    const real = services.passwords;
    const verified: boolean[] = [];
    services.passwords = {
      ...real,
      verify: async (stored, password) => {
        verified.push(stored === null);
        return real.verify(stored, password);
      },
    };
    const before = await count();
    try {
      const answers = [
        await outcomeOf({ email: "nobody@example.com" }, "203.0.113.1"),
        await outcomeOf({ email: disabled.email }, "203.0.113.2"),
        await outcomeOf({ email: wrong.email, password: "something else entirely" }, "203.0.113.3"),
        await outcomeOf({ email: none.email }, "203.0.113.4"),
      ];
      expect(new Set(answers)).toEqual(new Set(["CredentialsInvalid"]));
    } finally {
      services.passwords = real;
    }
    expect(verified).toEqual([true, false, false, true]);
    // The record knows better.
    expect((await recorded(before)).map(({ reason }) => reason)).toEqual([
      "unknown",
      "disabled",
      "password_wrong",
      "password_wrong",
    ]);
  });

  test("who has no account waits as long as who has: the dummy hash costs what a real one does", async () => {
    const member = await addMember(services);
    const { passwordHash } = await services.db.member.findUniqueOrThrow({ where: { id: member.id } });
    const timed = async (stored: string | null): Promise<number> => {
      const started = performance.now();
      await services.passwords.verify(stored, "a wrong password");
      return performance.now() - started;
    };
    await timed(null);
    // In turns, and the quickest of each: what else the machine does makes some slower and none faster.
    let [nobody, somebody] = [Infinity, Infinity];
    for (let round = 0; round < 15; round += 1) {
      nobody = Math.min(nobody, await timed(null));
      somebody = Math.min(somebody, await timed(passwordHash));
    }
    expect(nobody / somebody).toBeGreaterThan(0.4);
    expect(nobody / somebody).toBeLessThan(2.5);
  });

  test("the address is found in any case and spelling with blanks around; what is no address is refused alike", async () => {
    const member = await addMember(services, { totp: false });
    services.mfa = [];
    expect(await outcomeOf({ email: `  ${member.email.toUpperCase()} ` })).toBe("signed in");
    services.mfa = ["*"];
    for (const email of ["", "x", "a@b@c", "ａ@example.com\0", `${"x".repeat(300)}@example.com`]) {
      expect(await outcomeOf({ email })).toBe("CredentialsInvalid");
    }
  });

  test("a hash made with less than today's parameters is made anew at the next sign-in", async () => {
    const member = await addMember(services, { totp: false });
    const weak = "$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$PLsCe9pIBHqbXlJC6a6LLj5LNGZTjJ8Ff6ZFjrTQ2yI";
    await services.db.member.update({ where: { id: member.id }, data: { passwordHash: weak } });
    const real = services.passwords;
    services.passwords = { ...real, verify: async () => true };
    expect(await outcomeOf({ email: member.email })).toBe("signed in");
    services.passwords = real;
    const { passwordHash } = await services.db.member.findUniqueOrThrow({ where: { id: member.id } });
    expect(passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await services.passwords.verify(passwordHash, PASSWORD)).toBe(true);
  });
});

describe("AUTH-10 attacks on codes", () => {
  test("a code that was used is not taken again, also not in the seconds in which it is still shown", async () => {
    const member = await addMember(services);
    services.clock.time += 30_000;
    const code = codeNow(member);
    expect(await outcomeOf({ email: member.email, code })).toBe("signed in");
    services.clock.time += 5_000;
    expect(await outcomeOf({ email: member.email, code })).toBe("SecondFactorInvalid");
    services.clock.time += 30_000;
    expect(await outcomeOf({ email: member.email, code: codeNow(member) })).toBe("signed in");
  });

  test("of 20 parallel sign-ins with one code exactly one succeeds", async () => {
    const member = await addMember(services);
    services.clock.time += 30_000;
    const code = codeNow(member);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => outcomeOf({ email: member.email, code }, `203.0.${index}.113`)),
    );
    expect(outcomes.filter((outcome) => outcome === "signed in")).toHaveLength(1);
    expect(await services.db.consoleSession.count({ where: { memberId: member.id } })).toBe(1);
  });

  test("guesses of the code are slowed down for the account as a whole, however many addresses they come from", async () => {
    const member = await addMember(services);
    const outcomes: string[] = [];
    for (let guess = 0; guess < 12; guess += 1) {
      const code = codeNow(member) === "000000" ? "111111" : "000000";
      outcomes.push(await outcomeOf({ email: member.email, code }, `203.${guess}.113.7`));
    }
    expect(outcomes.slice(0, 6)).toEqual(Array<string>(6).fill("SecondFactorInvalid"));
    expect(outcomes.slice(6)).toEqual(Array<string>(6).fill("LOCKED_OUT"));
    // The right code waits as well, or guessing would go on at full speed.
    expect(await outcomeOf({ email: member.email, code: codeNow(member) }, "203.99.113.7")).toBe("LOCKED_OUT");
  });

  test("at most a few dozen of a million codes can be tried in a day, from anywhere", async () => {
    const member = await addMember(services);
    const end = services.clock.time + 24 * 60 * 60_000;
    const real = services.passwords;
    services.passwords = { ...real, verify: async () => true };
    let looked = 0;
    for (let turn = 0; services.clock.time < end; turn += 1) {
      const code = codeNow(member) === "000000" ? "111111" : "000000";
      looked +=
        (await outcomeOf({ email: member.email, code }, `2001:db8:${turn}::1`)) === "SecondFactorInvalid" ? 1 : 0;
      services.clock.time += 5 * 60_000;
    }
    services.passwords = real;
    expect(looked).toBeLessThan(120);
  }, 60_000);

  test("of 50 parallel uses of one recovery code exactly one succeeds, and it is gone", async () => {
    const member = await addMember(services);
    const [recoveryCode = "", ...others] = newRecoveryCodes();
    await withTx(services.db, (tx) => replaceRecoveryCodes(tx, member.id, [recoveryCode, ...others]));
    const before = await count();
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, index) => outcomeOf({ email: member.email, recoveryCode }, `203.1.${index}.113`)),
    );
    expect(outcomes.filter((outcome) => outcome === "signed in")).toHaveLength(1);
    expect(await services.db.consoleSession.count({ where: { memberId: member.id } })).toBe(1);
    expect(await services.db.recoveryCode.count({ where: { memberId: member.id, usedAt: null } })).toBe(9);
    const events = (await recorded(before)).map(({ event }) => event);
    expect(events.filter((event) => event === "auth.recovery_code_used")).toHaveLength(1);
    expect(await outcomeOf({ email: member.email, recoveryCode: (others[0] ?? "").toLowerCase() }, "203.2.0.1")).toBe(
      "signed in",
    );
  });

  test("the recovery code of one member opens nothing of another", async () => {
    const [one, other] = [await addMember(services), await addMember(services)];
    const [recoveryCode = ""] = newRecoveryCodes();
    await withTx(services.db, (tx) => replaceRecoveryCodes(tx, one.id, [recoveryCode]));
    await withTx(services.db, (tx) => replaceRecoveryCodes(tx, other.id, newRecoveryCodes()));
    expect(await outcomeOf({ email: other.email, recoveryCode })).toBe("SecondFactorInvalid");
    expect(await outcomeOf({ email: one.email, recoveryCode })).toBe("signed in");
  });

  test("DATA-1 a seed that was copied from another member's row, or put there in plain text, opens nothing", async () => {
    const [one, other] = [await addMember(services), await addMember(services)];
    const { totpSecret } = await services.db.member.findUniqueOrThrow({ where: { id: one.id } });
    await services.db.member.update({ where: { id: other.id }, data: { totpSecret } });
    services.clock.time += 30_000;
    expect(await outcomeOf({ email: other.email, code: codeNow(one) })).toBe("CANNOT_DECRYPT");
    await services.db.member.update({ where: { id: other.id }, data: { totpSecret: one.seed } });
    expect(await outcomeOf({ email: other.email, code: codeNow(one) })).toBe("CANNOT_DECRYPT");
  });
});

describe("AUTH-9 attacks on passwords", () => {
  const guess = (email: string, address = origin.address) =>
    outcomeOf({ email, password: "not the right one" }, address);

  test("after some failures the address waits, whether or not the account exists, and nothing is hashed meanwhile", async () => {
    for (const email of [(await addMember(services)).email, "stranger@example.com"]) {
      networks += 1;
      const address = `198.51.${networks}.1`;
      const outcomes: string[] = [];
      for (let attempt = 0; attempt < 8; attempt += 1) {
        outcomes.push(await guess(email, address));
      }
      expect(outcomes).toEqual([...Array<string>(6).fill("CredentialsInvalid"), "LOCKED_OUT", "LOCKED_OUT"]);
    }
  });

  test("a flood at once gains nothing over guesses one after the other: the right one comes too late", async () => {
    const member = await addMember(services, { totp: false });
    const flood = Array.from({ length: 20 }, () => guess(member.email));
    const right = outcomeOf({ email: member.email });
    const outcomes = await Promise.all([...flood, right]);
    expect(outcomes.at(-1)).toBe("LOCKED_OUT");
    expect(outcomes.filter((outcome) => outcome === "CredentialsInvalid").length).toBeLessThanOrEqual(6);
  });

  test("failures from everywhere hold the account up, but not where its owner has signed in before", async () => {
    const member = await addMember(services);
    const home = "192.0.2.77";
    await signInMember(services, member, { ...origin, address: home });
    for (let attempt = 0; attempt < 12; attempt += 1) {
      await guess(member.email, `203.${attempt}.114.7`);
    }
    services.clock.time += 1;
    expect(await guess(member.email, "203.200.114.7")).toBe("LOCKED_OUT");
    expect(await outcomeOf({ email: member.email }, "203.201.114.7")).toBe("LOCKED_OUT");
    await expect(signInMember(services, member, { ...origin, address: home })).resolves.toMatch(/^ses_/);
  });

  test("where strangers wait, a wrong password of somebody known there is answered as theirs, and the right one works", async () => {
    const member = await addMember(services);
    const office = "192.0.2.78";
    await signInMember(services, member, { ...origin, address: office });
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await guess(`stranger${attempt}@example.com`, office);
    }
    expect(await guess("stranger@example.com", office)).toBe("LOCKED_OUT");
    expect(await guess(member.email, office)).toBe("LOCKED_OUT");
    await expect(signInMember(services, member, { ...origin, address: office })).resolves.toMatch(/^ses_/);
  });

  test("whoever shares the owner's address is slowed down there all the same", async () => {
    const member = await addMember(services);
    await signInMember(services, member, origin);
    const outcomes: string[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      outcomes.push(await guess(member.email));
    }
    expect(outcomes.slice(6)).toEqual(["LOCKED_OUT", "LOCKED_OUT"]);
  });

  test("more hashing than there is room for is turned away, not queued without end", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 120 }, (_, index) => guess("flood@example.com", `203.0.113.${index}`)),
    );
    expect(outcomes.filter((outcome) => outcome === "BUSY").length).toBeGreaterThan(50);
    expect(await guess("flood@example.com", "192.0.2.200")).not.toBe("BUSY");
  });
});

test("no password, code, recovery code, seed or session id is stored or recorded as it is", async () => {
  const member = await addMember(services);
  const codes = newRecoveryCodes();
  await withTx(services.db, (tx) => replaceRecoveryCodes(tx, member.id, codes));
  const id = await signInMember(services, member, origin);
  await outcomeOf({ email: `typed ${PASSWORD}@example.com` });
  const tables = ["member", "recovery_code", "console_session", "audit_intake", "member_address", "auth_attempt"];
  const rows = await Promise.all(
    tables.map((table) => services.pool.query(`SELECT t::text AS text FROM ${table} AS t`).catch(() => ({ rows: [] }))),
  );
  const text = JSON.stringify([rows.map((result) => result.rows), await services.recorded()]);
  for (const secret of [PASSWORD, member.seed ?? "?", id, ...codes, ...codes.map((code) => code.replaceAll("-", ""))]) {
    expect(text).not.toContain(secret);
  }
});
