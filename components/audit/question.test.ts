import { describe, expect, test } from "vitest";
import { completionsAt } from "#components/audit/complete.ts";
import { hasTerm, toggleTerm, withoutQualifier, withTerm } from "#components/audit/question-text.ts";

describe("editing the text of a search", () => {
  test("a value replaces another of its qualifier, and goes when it is chosen again", () => {
    const denied = { qualifier: "outcome", value: "denied" } as const;
    expect(withTerm("outcome:ok user:ana", denied)).toBe("user:ana outcome:denied");
    expect(toggleTerm("user:ana outcome:denied", denied)).toBe("user:ana");
    expect(withTerm("", { qualifier: "user", value: "ana b" })).toBe('user:"ana b"');
    expect(withoutQualifier("created:>2026-01-01 created:<2026-02-01 user:ana", "created")).toBe("user:ana");
    expect(hasTerm("level:warn", { qualifier: "severity", value: "warn" })).toBe(true);
  });
});

describe("completions", () => {
  const found = (qualifier: string) => (qualifier === "user" ? ["user123", "ana b"] : []);
  const at = (text: string) => completionsAt(text, text.length, found);

  test("nothing typed: every qualifier with what it finds", () => {
    expect(at("").map(({ label }) => label)).toContain("user:");
    expect(at("user:ana ").map(({ label }) => label)).toContain("outcome:");
  });

  test("a qualifier begun, a value begun, a value with a space", () => {
    expect(at("us")).toMatchObject([{ label: "user:", text: "user:", caret: 5 }]);
    expect(at("outcome:de")).toMatchObject([{ text: "outcome:denied ", caret: 15 }]);
    expect(at("user:")).toMatchObject([{ text: "user:user123 " }, { text: 'user:"ana b" ' }]);
    expect(completionsAt("outcome:de user:ana", 10, found)).toMatchObject([
      { text: "outcome:denied user:ana", caret: 15 },
    ]);
  });
});
