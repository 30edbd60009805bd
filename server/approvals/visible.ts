/**
 * Text as somebody who has to judge it must see it: what is invisible, turns the direction of writing or looks like a blank is written out
 * (CVE-2026-28363: an approver read something else than what was run). Pure.
 */

/** Controls but line feed and tab, format characters, separators but the space, unassigned and private ones, and fillers that show nothing. */
const UNSEEN =
  /[^\P{C}\n\t]|[\p{Zl}\p{Zp}]|(?! )\p{Zs}|[\u034F\u115F\u1160\u17B4\u17B5\u3164\uFFA0\uFE00-\uFE0F\u{E0100}-\u{E01EF}\u27E8]/gu;

/** `⟨U+202E⟩` for each such character; the bracket itself is written out too, so that no text can pretend. */
export function visible(text: string): { text: string; hidden: number } {
  let hidden = 0;
  const shown = text.replace(UNSEEN, (character) => {
    hidden += 1;
    return `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
  return { text: shown, hidden };
}
