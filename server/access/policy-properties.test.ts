/** What holds for every policy: taking away never gives, and an explanation never says anything else than the decision. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explain } from "#server/access/explain.ts";
import { mergePolicy } from "#server/access/merge-policy.ts";
import { decide } from "#server/access/policy.ts";
import type { AccessRequest, ChannelRules, PolicySnapshot, Principal } from "#server/access/schema.ts";
import {
  CHANNELS,
  COMMANDS,
  randomPolicy,
  randomPrincipal,
  ROLES,
  sourcesOf,
  USERS,
  type Narrowing,
} from "../../tests/support/policy-model.ts";

const principalOf = (who: Narrowing): Principal => ({
  id: "token:t1",
  kind: "token",
  tokenId: "t1",
  ownerId: "operator",
  name: "bot",
  ...who,
});
const snapshot = randomPolicy.map((random): PolicySnapshot => {
  const { configured, stored } = sourcesOf(random);
  return mergePolicy(configured, stored);
});
const principal = fc
  .oneof(
    randomPrincipal,
    randomPrincipal.map((who) => ({ ...who, scopes: [], channels: [], boundUserId: null })),
  )
  .map(principalOf);
const request: fc.Arbitrary<AccessRequest> = fc.record({
  channel: fc.constantFrom(...CHANNELS),
  command: fc.constantFrom(...COMMANDS),
  permission: fc.constantFrom("status:read", "messages:send", "runs:create"),
  userId: fc.option(fc.constantFrom(...USERS), { nil: null }),
});

/** Takes one entry out of one list of every record of a kind. */
function weaken(policy: PolicySnapshot, what: Weakening, entry: string): PolicySnapshot {
  const without = (list: readonly string[]): string[] => list.filter((name) => name !== entry);
  const onRoles = (key: "permissions" | "channels" | "commands"): PolicySnapshot => ({
    ...policy,
    roles: new Map([...policy.roles].map(([name, role]) => [name, { ...role, [key]: without(role[key]) }])),
  });
  const onChannels = (change: (rules: ChannelRules) => Partial<ChannelRules>): PolicySnapshot => ({
    ...policy,
    channels: new Map([...policy.channels].map(([name, rules]) => [name, { ...rules, ...change(rules) }])),
  });
  switch (what) {
    case "role permission":
      return onRoles("permissions");
    case "role channel":
      return onRoles("channels");
    case "role command":
      return onRoles("commands");
    case "role":
      return { ...policy, roles: new Map([...policy.roles].filter(([name]) => name !== entry)) };
    case "user channel":
      return {
        ...policy,
        users: new Map(
          [...policy.users].map(([id, user]) => [
            id,
            { ...user, channels: user.channels === null ? null : without(user.channels) },
          ]),
        ),
      };
    case "allowed user":
      return onChannels(({ allowedUsers }) => ({ allowedUsers: without(allowedUsers) }));
    case "allowed role":
      return onChannels(({ allowedRoles }) => ({ allowedRoles: without(allowedRoles) }));
    case "allowed command":
      return onChannels(({ allowedCommands }) => ({ allowedCommands: without(allowedCommands ?? []) }));
    case "blocked user":
      return onChannels(({ blockedUsers }) => ({ blockedUsers: [...blockedUsers, entry] }));
    case "blocked command":
      return onChannels(({ blockedCommands }) => ({ blockedCommands: [...blockedCommands, entry] }));
  }
}

const WEAKENINGS = [
  "role permission",
  "role channel",
  "role command",
  "role",
  "user channel",
  "allowed user",
  "allowed role",
  "allowed command",
  "blocked user",
  "blocked command",
] as const;
type Weakening = (typeof WEAKENINGS)[number];
const ENTRIES = [
  "*",
  "read",
  "write",
  "status:read",
  "messages:*",
  "runs:create",
  ...ROLES,
  ...CHANNELS,
  ...USERS,
  ...COMMANDS,
];

describe("on any policy", () => {
  it.each(WEAKENINGS)("AUTHZ-1 AUTHZ-3 taking a right away never allows what was refused: %s", (what) => {
    let changed = 0;
    fc.assert(
      fc.property(snapshot, principal, request, (policy, who, asked) => {
        const before = decide(policy, who, asked).allow;
        for (const name of ENTRIES) {
          const after = decide(weaken(policy, what, name), who, asked).allow;
          if (!before && after) {
            expect.fail(`without "${name}" it is allowed`);
          }
          changed += before && !after ? 1 : 0;
        }
      }),
      { numRuns: 3_000 },
    );
    // The property is worth something only where such a change does bite now and then.
    expect(changed).toBeGreaterThan(0);
  });

  it("AUTHZ-6 a token's own scopes, channels and user never allow more than its role does", () => {
    fc.assert(
      fc.property(snapshot, principal, request, (policy, who, asked) => {
        const wide = { ...who, scopes: [], channels: [] };
        expect(decide(policy, wide, asked).allow || !decide(policy, who, asked).allow).toBe(true);
        if (asked.userId !== null && decide(policy, { ...who, boundUserId: null }, asked).allow) {
          expect(decide(policy, { ...who, boundUserId: asked.userId }, asked).allow).toBe(true);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it("AUTHZ-1 without roles nothing is allowed, whatever else the policy holds", () => {
    fc.assert(
      fc.property(snapshot, principal, request, (policy, who, asked) => {
        expect(decide({ ...policy, enabled: true, roles: new Map() }, who, asked).allow).toBe(false);
      }),
    );
  });

  it("AUTHZ-5 explains the very decision, by the first check that failed, and lists what may really be done", () => {
    fc.assert(
      fc.property(snapshot, principal, request, (policy, who, asked) => {
        const catalogue = COMMANDS.map((name) => ({ name, permission: asked.permission }));
        const { decision, trace, effective } = explain(policy, who, asked, catalogue);
        expect(decision).toEqual(decide(policy, who, asked));
        const failed = trace.find(({ passed }) => !passed);
        expect(failed?.because ?? null).toBe(decision.allow ? null : decision.because);
        const allowed = COMMANDS.filter((command) => decide(policy, who, { ...asked, command }).allow);
        expect(effective.commands).toEqual(allowed);
        if (decision.allow && policy.enabled) {
          expect(effective.permissions).toContain(asked.permission);
          expect(effective.channels.includes("*") || effective.channels.includes(asked.channel)).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
