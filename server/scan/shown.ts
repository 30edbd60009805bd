/**
 * Names and values that somebody else chose, made fit for reports, terminals and shells. Pure.
 * Threat: a role, channel or file whose name moves the cursor, hides, ends a table cell, or adds a command to a fix that people paste.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu;

/** One line in which everything is visible: what is not becomes `\u{…}`. Longer texts are cut. */
export function shown(text: string, max = 500): string {
  const visible = text.toWellFormed().replaceAll(HIDDEN, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
  return visible.length <= max ? visible : `${visible.slice(0, max - 1).toWellFormed()}…`;
}

/** One word of a POSIX shell. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) && !word.startsWith("-") ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** The first few of a list, for a sentence. */
export function few(items: readonly string[], max = 3): string {
  const rest = items.length - max;
  return `${items.slice(0, max).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
