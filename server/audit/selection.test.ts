import { describe, expect, test } from "vitest";
import { AUDIT_KINDS, SECURITY_KINDS } from "#server/audit/schema.ts";
import { isListed } from "#server/audit/selection.ts";

const ALL = [...AUDIT_KINDS, ...SECURITY_KINDS];
const listed = (enabled: boolean, events: readonly string[], securityEvents: readonly string[]) =>
  ALL.filter((kind) => isListed(kind, { audit: { enabled, events }, security: { events: securityEvents } }));

describe("isListed", () => {
  test("AUD-2 everything listed is recorded", () => {
    expect(listed(true, AUDIT_KINDS, SECURITY_KINDS)).toEqual(ALL);
  });

  test("AUD-2 management events cannot be unlisted, nor switched off", () => {
    const kept = ["authentication", "config_changes", "authentication_failure"];
    expect(listed(true, [], [])).toEqual(kept);
    expect(listed(false, AUDIT_KINDS, [])).toEqual(kept);
  });

  test("AUD-2 each kind comes by its own name", () => {
    for (const kind of AUDIT_KINDS) {
      expect(listed(true, [kind], [])).toContain(kind);
      expect(
        listed(
          true,
          AUDIT_KINDS.filter((other) => other !== kind),
          [],
        ).includes(kind),
      ).toBe(kind === "authentication" || kind === "config_changes");
    }
  });

  test("AUD-5 security kinds come by their own list; denials also with authorization", () => {
    expect(listed(false, [], SECURITY_KINDS)).toEqual(["authentication", "config_changes", ...SECURITY_KINDS]);
    expect(listed(true, ["authorization"], [])).toContain("authorization_denied");
    expect(listed(true, ["authorization"], [])).not.toContain("rate_limit_exceeded");
  });
});
