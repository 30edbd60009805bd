import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { samePerson, type Identity } from "#server/approvals/person.ts";

const NOBODY: Identity = { userId: null, principalId: null, ownerId: null, boundUserId: null, memberId: null };
const usersOf = (bound: Record<string, string | null>) => ({
  users: new Map(
    Object.entries(bound).map(([id, memberId]) => [
      id,
      { role: "user", channels: null, restrictions: null, memberId, source: "test" },
    ]),
  ),
});

const name = fc.constantFrom(null, "ana", "bob", "mem_a", "mem_b", "operator");
const identity: fc.Arbitrary<Identity> = fc.record({
  userId: name,
  principalId: fc.constantFrom(null, "token:one", "token:two"),
  ownerId: name,
  boundUserId: name,
  memberId: name,
});
const policy = fc
  .record({ ana: fc.constantFrom(null, "mem_a", "mem_b"), bob: fc.constantFrom(null, "mem_a", "mem_b") })
  .map(usersOf);

describe("APPROVAL-2 samePerson", () => {
  it("is the same from both sides", () => {
    fc.assert(
      fc.property(policy, identity, identity, (users, one, other) => {
        expect(samePerson(users, one, other)).toBe(samePerson(users, other, one));
      }),
    );
  });

  it("takes whoever is known by anything of their own for themselves", () => {
    fc.assert(
      fc.property(policy, identity, (users, one) => {
        const isKnown = one.userId ?? one.principalId ?? one.memberId;
        expect(samePerson(users, one, one) !== null || isKnown === null).toBe(true);
      }),
    );
  });

  it("makes of more that is known never fewer that are the same", () => {
    fc.assert(
      fc.property(policy, identity, identity, name, (users, one, other, memberId) => {
        const before = samePerson(users, { ...one, memberId: null }, other);
        expect(before === null || samePerson(users, { ...one, memberId }, other) !== null).toBe(true);
      }),
    );
  });

  it("knows nobody by what is not there", () => {
    expect(samePerson(usersOf({}), NOBODY, NOBODY)).toBeNull();
    expect(
      samePerson(usersOf({ ana: null, bob: null }), { ...NOBODY, userId: "ana" }, { ...NOBODY, userId: "bob" }),
    ).toBeNull();
  });

  it("takes users bound to one member for one person, and the operator for nobody's user", () => {
    const both = usersOf({ ana: "mem_a", bob: "mem_a" });
    expect(samePerson(both, { ...NOBODY, userId: "ana" }, { ...NOBODY, userId: "bob" })).toBe("same_member");
    const bot = { ...NOBODY, ownerId: "operator" };
    expect(samePerson(both, bot, bot)).toBe("same_owner");
    expect(samePerson(usersOf({}), { ...bot, userId: "ana", boundUserId: "ana" }, bot)).toBeNull();
  });
});
