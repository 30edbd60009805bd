import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grantorOf, refuseBeyondGrant, unlimitedGrantor, type Grant } from "#server/access/grants.ts";
import { can, PERMISSIONS } from "#server/access/permissions.ts";
import { decide } from "#server/access/policy.ts";
import type { ChannelRules, PolicySnapshot, Principal, RolePolicy } from "#server/access/schema.ts";
import { AppError } from "#server/core/errors.ts";
import { isGranted, modelsOfRole, type ModelAccess } from "#server/models/policy.ts";

const CHANNELS = ["api", "slack", "telegram"];
const COMMANDS = ["help", "run", "config"];
const ROLES = ["one", "two", "three"];
const ENTRIES = ["*", "read", "write", "runs:*", "tokens:*", ...PERMISSIONS];
const actor = { type: "token", id: "minter" } as const;

const some = (names: readonly string[], maxLength = 4) =>
  fc.subarray([...names], { maxLength: Math.min(maxLength, names.length) });
const role: fc.Arbitrary<RolePolicy> = fc.record({
  permissions: some(ENTRIES),
  channels: some(["*", ...CHANNELS]),
  commands: some(["*", ...COMMANDS]),
  source: fc.constant("role"),
});
const rules: fc.Arbitrary<ChannelRules> = fc.record({
  allowedUsers: some(["*", "ana"]),
  allowedRoles: some(["*", ...ROLES]),
  blockedUsers: some(["bob"]),
  allowedCommands: fc.option(some(COMMANDS)),
  blockedCommands: some(COMMANDS, 1),
  source: fc.constant("rules"),
});
const MODELS = ["a/x", "a/xy", "a/z", "b/x"];
const models = some(["*", "a/*", "a/x*", "b/*", ...MODELS]);
const access: fc.Arbitrary<ModelAccess> = fc.option(
  fc.dictionary(fc.constantFrom("*", ...ROLES), models, { maxKeys: 4 }),
  { nil: undefined },
);
const policies: fc.Arbitrary<PolicySnapshot> = fc.record({
  enabled: fc.constant(true),
  roles: fc.tuple(role, role, role).map((made) => new Map(ROLES.map((name, index) => [name, made[index] ?? made[0]]))),
  users: fc
    .tuple(fc.constantFrom("ana", "bob"), fc.constantFrom(...ROLES), fc.option(some(CHANNELS)))
    .map(([id, name, channels]) => new Map([[id, { role: name, channels, restrictions: null, source: "user" }]])),
  channels: fc.array(fc.tuple(fc.constantFrom(...CHANNELS), rules), { maxLength: 2 }).map((list) => new Map(list)),
  modelAccess: access,
});
const held = {
  role: fc.constantFrom(...ROLES),
  scopes: some(ENTRIES),
  channels: some(CHANNELS, 2),
};
const userId = fc.constantFrom(null, "ana", "bob");
const principalOf = (grant: {
  role: string;
  scopes: string[];
  channels: string[];
  userId: string | null;
}): Principal => ({
  id: "token:x",
  kind: "token",
  tokenId: "x",
  ownerId: "o",
  name: "x",
  boundUserId: grant.userId,
  ...grant,
});
const unbounded = { allowedIps: [], models: ["*"], expiresAt: null };

/** True when the grant is admitted; any error but a refusal fails the test. */
function admits(policy: PolicySnapshot, grantor: Parameters<typeof refuseBeyondGrant>[1], grant: Grant): boolean {
  try {
    refuseBeyondGrant(policy, grantor, grant);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: "FORBIDDEN" });
    return false;
  }
}

describe("refuseBeyondGrant", () => {
  it("AUTHZ-6 CVE-2026-33579 whatever is admitted, the child may nothing that its minter may not", () => {
    let admitted = 0;
    const principal = fc.record({ ...held, userId });
    fc.assert(
      fc.property(policies, principal, principal, (policy, minter, child) => {
        const grantor = grantorOf(policy, principalOf(minter), { actor, ...unbounded });
        fc.pre(admits(policy, grantor, { ...child, ...unbounded }));
        admitted += 1;
        for (const permission of PERMISSIONS) {
          for (const channel of CHANNELS) {
            for (const command of COMMANDS) {
              for (const user of [null, "ana", "bob", "eve"]) {
                const request = { channel, command, permission, userId: user };
                if (decide(policy, principalOf(child), request).allow) {
                  // A child bound to a user does what its minter may do itself or in that user's name.
                  const byMinter = [user, child.userId, null].map((userId) =>
                    decide(policy, principalOf(minter), { ...request, userId }),
                  );
                  expect(byMinter).toContainEqual(expect.objectContaining({ allow: true }));
                }
              }
            }
          }
        }
      }),
      { numRuns: 150 },
    );
    expect(admitted).toBeGreaterThan(100);
  });

  it("AUTHZ-6 whatever is admitted, the child calls no model that its minter may not; the minter's own list and role it may give", () => {
    let admitted = 0;
    const principal = fc.record({ role: fc.constantFrom(...ROLES), models });
    const open: RolePolicy = { permissions: ["*"], channels: ["*"], commands: ["*"], source: "test" };
    const roles = new Map(ROLES.map((name) => [name, open]));
    fc.assert(
      fc.property(access, principal, principal, (modelAccess, minter, child) => {
        const policy = { enabled: true, roles, users: new Map(), channels: new Map(), modelAccess };
        const part = { scopes: [], channels: [], userId: null };
        const grantor = grantorOf(policy, principalOf({ ...minter, ...part }), {
          ...{ actor, ...unbounded },
          models: minter.models,
        });
        const mayCall = (who: { role: string; models: string[] }, model: string): boolean =>
          isGranted(who.models, model) && isGranted(modelsOfRole(modelAccess, who.role).names, model);
        expect(admits(policy, grantor, { ...minter, ...part, allowedIps: [], expiresAt: null })).toBe(true);
        if (admits(policy, grantor, { ...child, ...part, allowedIps: [], expiresAt: null })) {
          admitted += 1;
          expect(MODELS.filter((model) => mayCall(child, model) && !mayCall(minter, model))).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
    expect(admitted).toBeGreaterThan(50);
  });

  it("AUTHZ-6 whoever gives exactly what it holds is admitted, and so is any part of it", () => {
    fc.assert(
      fc.property(policies, fc.record({ ...held, userId }), some(PERMISSIONS), (policy, minter, fewer) => {
        const grantor = grantorOf(policy, principalOf(minter), { actor, ...unbounded });
        const own = policy.roles.get(minter.role)?.permissions ?? [];
        const inRole = minter.scopes.filter((scope) => own.includes("*") || own.includes(scope));
        const scopes = minter.scopes.length > 0 && inRole.length === 0 ? own.filter(() => false) : inRole;
        fc.pre(minter.scopes.length === 0 || scopes.length > 0);
        expect(admits(policy, grantor, { ...minter, scopes, ...unbounded })).toBe(true);
        const part = fewer.filter(
          (permission) => can(own, permission) && (scopes.length === 0 || can(scopes, permission)),
        );
        fc.pre(part.length > 0);
        expect(admits(policy, grantor, { ...minter, scopes: part, ...unbounded })).toBe(true);
      }),
    );
  });

  const roles = new Map<string, RolePolicy>([
    ["admin", { permissions: ["*"], channels: ["*"], commands: ["*"], source: "admin" }],
    ["user", { permissions: ["read", "write"], channels: ["api", "slack"], commands: ["help", "run"], source: "user" }],
    ["odd", { permissions: ["later:thing"], channels: [], commands: [], source: "odd" }],
  ]);
  const policy: PolicySnapshot = { enabled: false, roles, users: new Map(), channels: new Map() };
  const minter = { role: "user", scopes: [], channels: [], userId: null };
  const grant: Grant = { ...minter, ...unbounded };
  const day = (n: number) => new Date(Date.UTC(2030, 0, n));

  it.each<[string, Partial<Parameters<typeof principalOf>[0]>, Partial<Grant>, string]>([
    ["a broader role, also while authorization is switched off", {}, { role: "admin" }, "scopes"],
    ["a permission its own scopes leave out", { scopes: ["read", "tokens:create"] }, { scopes: ["write"] }, "scopes"],
    ["everything its role has, when its scopes leave less", { scopes: ["read"] }, {}, "scopes"],
    ["a scope its role lacks now but may get later", {}, { scopes: ["audit:read"] }, "scopes"],
    ["a name that means nothing yet", {}, { role: "odd" }, "scopes"],
    ["a channel outside its own", { channels: ["api"] }, { channels: ["slack"] }, "channels"],
    ["all channels of the role, when it has one of them", { channels: ["api"] }, {}, "channels"],
    ["every channel by wildcard", { role: "admin", channels: ["api"] }, { role: "admin", channels: ["*"] }, "channels"],
    ["a token for another user", { userId: "ana" }, { userId: "eve" }, "user"],
    ["a token for no user in particular", { userId: "ana" }, {}, "user"],
  ])("AUTHZ-6 refuses %s", (_name, own, asked, field) => {
    const grantor = grantorOf(policy, principalOf({ ...minter, ...own }), { actor, ...unbounded });
    expect(() => refuseBeyondGrant(policy, grantor, { ...grant, ...asked })).toThrow(
      expect.objectContaining({ code: "FORBIDDEN", details: { reason: "beyond_grant", field } }) as Error,
    );
  });

  it.each<[string, Partial<Pick<Grant, "allowedIps" | "models" | "expiresAt">>, Partial<Grant>, string | null]>([
    ["no addresses at all", { allowedIps: ["10.0.0.0/8"], expiresAt: null }, {}, "allowedIps"],
    ["a wider range", { allowedIps: ["10.1.0.0/16"], expiresAt: null }, { allowedIps: ["10.0.0.0/8"] }, "allowedIps"],
    [
      "one within and one outside",
      { allowedIps: ["10.0.0.0/8"], expiresAt: null },
      { allowedIps: ["10.1.1.1", "::1"] },
      "allowedIps",
    ],
    ["a narrower range", { allowedIps: ["10.0.0.0/8"], expiresAt: null }, { allowedIps: ["10.1.0.0/16"] }, null],
    ["no end", { allowedIps: [], expiresAt: day(2) }, {}, "expires"],
    ["a later end", { allowedIps: [], expiresAt: day(2) }, { expiresAt: day(3) }, "expires"],
    ["every model", { models: ["openai/*"] }, {}, "models"],
    ["more models of the provider", { models: ["openai/gpt-5*"] }, { models: ["openai/*"] }, "models"],
    ["one model within and one outside", { models: ["openai/*"] }, { models: ["openai/x", "local/x"] }, "models"],
    ["a model, with none of its own", { models: [] }, { models: ["openai/x"] }, "models"],
    ["fewer models", { models: ["openai/*"] }, { models: ["openai/gpt-5*", "openai/x"] }, null],
    ["no models", { models: ["openai/*"] }, { models: [] }, null],
    ["the same end", { allowedIps: [], expiresAt: day(2) }, { expiresAt: day(2) }, null],
  ])("AUTHZ-6 of a limited token, asking for %s", (_name, own, asked, field) => {
    const grantor = grantorOf(policy, principalOf(minter), { actor, ...unbounded, ...own });
    const ask = (): void => refuseBeyondGrant(policy, grantor, { ...grant, ...asked });
    if (field === null) {
      expect(ask).not.toThrow();
    } else {
      expect(ask).toThrow(
        expect.objectContaining({ code: "FORBIDDEN", details: { reason: "beyond_grant", field } }) as Error,
      );
    }
  });

  it.each<[string, ModelAccess, Partial<Grant>, string | null]>([
    ["every model, by name", { user: ["a/*"], wide: ["*"] }, { role: "wide" }, '"*" (models.access.wide)'],
    ["every model, as a role that nobody named", { user: ["a/*"], "*": ["b/*"] }, { role: "wide" }, '"b/*" (models.'],
    ["models, given by one with none", { wide: ["a/x"] }, { role: "wide" }, "may call no model itself"],
    ["none of its role's", { user: ["a/*"], wide: ["*"] }, { role: "wide", models: [] }, null],
    ["its own part of its role's", { user: ["a/*"], wide: ["*"] }, { role: "wide", models: ["a/x", "a/y*"] }, null],
    ["fewer", { user: ["a/*"], wide: ["a/x"] }, { role: "wide" }, null],
    ["no model, where roles have lists and it has none", { user: ["a/*"] }, { role: "wide" }, null],
    ["every model, where there are no lists", undefined, { role: "wide" }, null],
  ])("AUTHZ-6 of models.access, a role that may call %s", (_name, modelAccess, asked, refusal) => {
    const user = roles.get("user");
    const both = {
      ...policy,
      modelAccess,
      roles: new Map(user === undefined ? [] : [["user", user] as const, ["wide", user] as const]),
    };
    const grantor = grantorOf(both, principalOf(minter), { actor, ...unbounded });
    const ask = (): void => refuseBeyondGrant(both, grantor, { ...grant, ...asked });
    if (refusal === null) {
      expect(ask).not.toThrow();
    } else {
      const message = expect.stringContaining(refusal) as string;
      expect(ask).toThrow(
        expect.objectContaining({ message, details: { reason: "beyond_grant", field: "models" } }) as Error,
      );
    }
  });

  it("AUTHZ-6 a role that a channel admits by name is not handed out by one it does not admit", () => {
    const channels = new Map<string, ChannelRules>([
      [
        "slack",
        {
          allowedUsers: [],
          allowedRoles: ["user"],
          blockedUsers: [],
          allowedCommands: null,
          blockedCommands: [],
          source: "c",
        },
      ],
    ]);
    const grantor = grantorOf({ ...policy, channels }, principalOf({ ...minter, role: "admin" }), {
      actor,
      ...unbounded,
    });
    expect(() => refuseBeyondGrant({ ...policy, channels }, grantor, grant)).toThrow(/channel "slack"/);
    expect(() => refuseBeyondGrant({ ...policy, channels }, grantor, { ...grant, channels: ["api"] })).not.toThrow();
  });

  it("AUTHZ-6 a role that does not exist holds nothing; the operator at the command line holds everything", () => {
    const ghost = grantorOf(policy, principalOf({ ...minter, role: "ghost" }), { actor, ...unbounded });
    expect(() => refuseBeyondGrant(policy, ghost, grant)).toThrow(
      expect.objectContaining({ code: "FORBIDDEN" }) as Error,
    );
    const operator = unlimitedGrantor({ type: "operator", id: "cli" });
    for (const name of roles.keys()) {
      expect(() => refuseBeyondGrant(policy, operator, { ...grant, role: name })).not.toThrow();
    }
    expect(() => refuseBeyondGrant(policy, operator, { ...grant, role: "ghost" })).toThrow(
      /"ghost" does not exist.*admin, user, odd/,
    );
  });
});
