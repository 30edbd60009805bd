/** Names in a message for people. */

/** Lists of a configuration can have a thousand. */
const MAX_NAMES_SHOWN = 20;

/** The first of `names`, and that there are more. */
export const namesShown = (names: readonly string[]): string =>
  `${names.slice(0, MAX_NAMES_SHOWN).join(", ")}${names.length > MAX_NAMES_SHOWN ? " …" : ""}`;
