import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapeText, plainText, withoutMention } from "./slack-text.ts";

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc
    .array(fc.constantFrom("<", ">", "&", "&lt;", "&gt;", "&amp;", "|", "!channel", "@U1", "https://a.b", "x"))
    .map((parts) => parts.join("")),
);

describe("text of Slack", () => {
  it("what is escaped is shown as it was written, and holds no token", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const escaped = escapeText(text);
        expect(plainText(escaped)).toBe(text);
        expect(escaped).not.toMatch(/[<>]/);
      }),
    );
  });

  it("mentions and channels stay tokens, links are written out with where they lead", () => {
    expect(plainText("<@U1> <#C1|town> <!here>")).toBe("<@U1> <#C1|town> <!here>");
    expect(plainText("<https://a.b|bank>")).toBe("bank (https://a.b)");
    expect(plainText("<mailto:a@b.c|a@b.c> <tel:+1|+1> <https://a.b|>")).toBe("a@b.c +1 https://a.b");
  });

  it("only the mention of the app in front is taken away", () => {
    expect(withoutMention(" <@U1>:  /help", "U1")).toBe("/help");
    expect(withoutMention("<@U1|gateway> hi", "U1")).toBe("hi");
    expect(withoutMention("<@U2> hi", "U1")).toBe("<@U2> hi");
    expect(withoutMention("<@U2> hi", null)).toBe("hi");
    expect(withoutMention("hi <@U1>", "U1")).toBe("hi <@U1>");
  });

  it("takes no time on hostile text", () => {
    const started = performance.now();
    plainText("<https://a".repeat(20_000));
    plainText(`<http:${"|".repeat(100_000)}`);
    withoutMention(`<@U1|${"<@U1".repeat(50_000)}`, null);
    withoutMention(`${" ".repeat(100_000)}x`, null);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
