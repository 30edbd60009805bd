/** OPS-3: the rules of locks against the plainest reading of them: some lock in force that is about this one. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { Principal } from "#server/access/schema.ts";
import {
  indexLocks,
  lockObjection,
  lockOnChannel,
  lockOnMember,
  lockOnMessage,
  lockOnPrincipal,
  principalOfToken,
  type Lock,
  LOCK_KINDS,
  type LockKind,
} from "#server/incidents/policy.ts";

const NOW = 1_000_000;
const NAMES = ["ada", "bob", "api", "slack", "admin", "gateway.token"] as const;
const name = fc.constantFrom(...NAMES);

const lockOf = fc
  .record({
    kind: fc.constantFrom(...LOCK_KINDS),
    target: name,
    drill: fc.boolean(),
    expiresAtMs: fc.option(fc.integer({ min: NOW - 3, max: NOW + 3 })),
    id: fc.uuid(),
  })
  .map((lock): Lock => ({
    ...lock,
    target: lock.kind === "everything" ? "" : lock.target,
    message: "no",
    setAt: new Date(0),
  }));

const principalOf: fc.Arbitrary<Principal> = fc
  .record({
    kind: fc.constantFrom("token" as const, "config-token" as const, "channel" as const),
    of: name,
    ownerId: name,
    role: name,
    boundUserId: fc.option(name),
  })
  .map(({ kind, of, ...rest }) => ({
    ...rest,
    kind,
    id: kind === "token" ? `token:${of}` : kind === "channel" ? `channel:${of}` : "config:gateway.token",
    tokenId: kind === "token" ? of : null,
    name: of,
    scopes: [],
    channels: [],
  }));

const holds = ({ drill, expiresAtMs }: Lock): boolean => !drill && (expiresAtMs === null || expiresAtMs > NOW);
const some = (locks: readonly Lock[], about: (kind: LockKind, target: string) => boolean): boolean =>
  locks.some((lock) => holds(lock) && about(lock.kind, lock.target));

const isAboutPrincipal =
  ({ id, kind: comes, boundUserId, ownerId, role }: Principal) =>
  (kind: LockKind, target: string): boolean => {
    switch (kind) {
      case "everything":
        return true;
      case "user":
        return target === boundUserId || target === ownerId;
      case "member":
        return target === ownerId;
      case "role":
        return target === role;
      case "token":
        return principalOfToken(target) === id;
      case "channel":
        return comes === "channel" ? id === `channel:${target}` : target === "api";
    }
  };

describe("OPS-3 lockFor", () => {
  test("a credential is shut out exactly when some lock in force is about it", () => {
    fc.assert(
      fc.property(fc.array(lockOf, { maxLength: 8 }), principalOf, (locks, principal) => {
        const found = lockOnPrincipal(indexLocks(locks), principal, NOW);
        expect(found !== null).toBe(some(locks, isAboutPrincipal(principal)));
        expect(found === null || (holds(found) && isAboutPrincipal(principal)(found.kind, found.target))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("a message is shut out with its credential, its user, their role or its channel, and by nothing else", () => {
    const subject = fc.record({ userId: fc.option(name), userRole: fc.option(name), channel: name });
    fc.assert(
      fc.property(fc.array(lockOf, { maxLength: 8 }), principalOf, subject, (locks, principal, about) => {
        const found = lockOnMessage(indexLocks(locks), principal, about, NOW);
        const expected = some(
          locks,
          (kind, target) =>
            isAboutPrincipal(principal)(kind, target) ||
            (kind === "user" && target === about.userId) ||
            (kind === "role" && target === about.userRole) ||
            (kind === "channel" && target === about.channel),
        );
        expect(found !== null).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test("members: who may lift a lock on everything keeps the console, unless locked themselves", () => {
    fc.assert(
      fc.property(fc.array(lockOf, { maxLength: 8 }), name, name, fc.boolean(), (locks, memberId, role, manages) => {
        const found = lockOnMember(indexLocks(locks), { memberId, role, manages }, NOW);
        const expected = some(
          locks,
          (kind, target) =>
            (kind === "member" && target === memberId) ||
            (kind === "role" && target === role) ||
            (kind === "everything" && !manages),
        );
        expect(found !== null).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test("channels: their own lock and the one on everything", () => {
    fc.assert(
      fc.property(fc.array(lockOf, { maxLength: 8 }), name, (locks, channel) => {
        const found = lockOnChannel(indexLocks(locks), channel, NOW);
        expect(found !== null).toBe(
          some(locks, (kind, target) => kind === "everything" || (kind === "channel" && target === channel)),
        );
      }),
    );
  });

  test("time alone ends a lock, and drills are none", () => {
    const lock: Lock = {
      id: "l",
      kind: "everything",
      target: "",
      message: "no",
      drill: false,
      setAt: new Date(0),
      expiresAtMs: NOW,
    };
    expect(lockOnChannel(indexLocks([lock]), "slack", NOW - 1)).toBe(lock);
    expect(lockOnChannel(indexLocks([lock]), "slack", NOW)).toBeNull();
    expect(indexLocks([{ ...lock, drill: true }]).empty).toBe(true);
  });
});

describe("OPS-3 nobody takes the way back away by accident", () => {
  const ada = { memberId: "ada", role: "admin" };
  const bob = { memberId: "bob", role: "admin" };
  const eve = { memberId: "eve", role: "watch" };

  it.each<[string, { kind: LockKind; target: string }, typeof ada, (typeof ada)[], RegExp | null]>([
    ["oneself", { kind: "member", target: "ada" }, ada, [ada, bob], /yourself/],
    ["one's own role", { kind: "role", target: "admin" }, ada, [ada, bob], /yourself/],
    ["the last other who can", { kind: "member", target: "bob" }, eve, [bob], /Nobody would be left/],
    ["the role of all who can", { kind: "role", target: "admin" }, eve, [ada, bob], /Nobody would be left/],
    ["one of two", { kind: "member", target: "bob" }, ada, [ada, bob], null],
    ["another role", { kind: "role", target: "user" }, ada, [ada, bob], null],
    ["everything, which leaves them the console", { kind: "everything", target: "" }, ada, [ada], null],
    ["a user of the same name", { kind: "user", target: "ada" }, ada, [ada], null],
  ])("%s", (_, lock, by, managers, objection) => {
    const said = lockObjection(lock, by, managers);
    expect(said === null).toBe(objection === null);
    expect(said ?? "").toMatch(objection ?? /^$/);
  });

  test("whatever is locked, somebody unlocked is left who can lift it", () => {
    const manager = fc.record({ memberId: fc.constantFrom("a", "b", "c"), role: fc.constantFrom("r", "s") });
    const target = fc.constantFrom("a", "b", "c", "r", "s");
    fc.assert(
      fc.property(
        fc.uniqueArray(manager, { minLength: 1, selector: ({ memberId }) => memberId }),
        fc.constantFrom(...LOCK_KINDS),
        target,
        (managers, kind, locked) => {
          const [by = ada] = managers;
          if (lockObjection({ kind, target: locked }, by, managers) === null) {
            const left = managers.filter(
              ({ memberId, role }) =>
                !(kind === "member" && memberId === locked) && !(kind === "role" && role === locked),
            );
            expect(left).toContain(by);
          }
        },
      ),
    );
  });
});
