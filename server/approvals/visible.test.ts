import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { visible } from "#server/approvals/visible.ts";

describe("what an approver is shown", () => {
  it.each([
    ["rm\u202e -rf", "rm⟨U+202E⟩ -rf"],
    ["a\u200bb", "a⟨U+200B⟩b"],
    ["a\u00a0b", "a⟨U+00A0⟩b"],
    ["a\u00adb", "a⟨U+00AD⟩b"],
    ["a\rb", "a⟨U+000D⟩b"],
    ["a\u001b[2Kb", "a⟨U+001B⟩[2Kb"],
    ["a\u2028b", "a⟨U+2028⟩b"],
    ["a\u3164b", "a⟨U+3164⟩b"],
    ["a\ufe0fb", "a⟨U+FE0F⟩b"],
    ["a\u{e0041}b", "a⟨U+E0041⟩b"],
    ["⟨U+0041⟩", "⟨U+27E8⟩U+0041⟩"],
  ])("CVE-2026-28363: %j is written out", (text, shown) => {
    expect(visible(text)).toEqual({ text: shown, hidden: 1 });
  });

  it("leaves alone what can be seen, line feeds and tabs", () => {
    const text = "#!/bin/sh\n\techo 'Grüße, 世界' # мир\n";
    expect(visible(text)).toEqual({ text, hidden: 0 });
  });

  it("CVE-2026-28363: two different texts never look the same", () => {
    const texts = fc.string({ unit: "binary", maxLength: 8 });
    fc.assert(fc.property(texts, texts, (a, b) => a === b || visible(a).text !== visible(b).text));
  });

  it("CVE-2026-28363: what is shown holds nothing that is shown otherwise", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(visible(text).text).not.toMatch(/[^\P{C}\n\t]|[\p{Zl}\p{Zp}]|(?! )\p{Zs}/u);
      }),
    );
  });
});
