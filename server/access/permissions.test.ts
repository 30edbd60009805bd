import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { can, isKnownPermission, isWithin, PERMISSIONS } from "#server/access/permissions.ts";

const entry = fc.constantFrom("*", "read", "write", "runs:*", "tokens:*", "nonsense", ...PERMISSIONS);

describe("permissions", () => {
  it("AUTHZ-1 bundles, wildcards and names grant exactly what they say", () => {
    expect(can(["read"], "status:read")).toBe(true);
    expect(can(["read"], "messages:send")).toBe(false);
    expect(can(["write"], "runs:create")).toBe(true);
    expect(can(["read", "write"], "tokens:read")).toBe(false);
    expect(can(["tokens:*"], "tokens:rotate")).toBe(true);
    expect(can(["token"], "tokens:rotate")).toBe(false);
    expect(can(["runs:"], "runs:create")).toBe(false);
    expect(can(["*"], "anything:at-all")).toBe(true);
    expect(can([], "status:read")).toBe(false);
  });

  it("knows its own catalogue and nothing else", () => {
    expect(PERMISSIONS.every(isKnownPermission)).toBe(true);
    expect(["*", "read", "write", "runs:*"].every(isKnownPermission)).toBe(true);
    expect(["", "nonsense", "ghosts:*", "runs:fly", "constructor", "__proto__"].some(isKnownPermission)).toBe(false);
  });

  it("AUTHZ-6 what is within a grant gives nothing the grant does not give", () => {
    fc.assert(
      fc.property(fc.array(entry), entry, fc.constantFrom(...PERMISSIONS), (held, requested, permission) => {
        if (isWithin(held, requested) && can([requested], permission)) {
          expect(can(held, permission)).toBe(true);
        }
      }),
    );
    expect(isWithin([...PERMISSIONS], "*")).toBe(false);
  });
});
