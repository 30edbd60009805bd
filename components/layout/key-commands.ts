/** What a key press on a page means. Pure, so that the rules (never while typing, never with a dialog open) can be tested. */

export type KeyCommand =
  { kind: "palette" } | { kind: "help" } | { kind: "filter" } | { kind: "prefix" } | { kind: "go"; key: string };

export interface KeyPress {
  key: string;
  ctrl: boolean;
  meta: boolean;
  alt: boolean;
  /** In a field that takes text, or a list that is searched by typing. */
  typing: boolean;
  /** A dialog or menu is open. */
  covered: boolean;
  /** `g` was pressed just before. */
  afterPrefix: boolean;
  /** Single keys are switched on. */
  singleKeys: boolean;
}

/** Null when the key means nothing here. Only the palette's chord works while typing: it cannot be part of a text. */
export function keyCommand(press: KeyPress): KeyCommand | null {
  const { key, ctrl, meta, alt, typing, covered, afterPrefix, singleKeys } = press;
  if (key.toLowerCase() === "k" && (ctrl || meta) && !alt) {
    return covered ? null : { kind: "palette" };
  }
  if (ctrl || meta || alt || typing || covered || !singleKeys) {
    return null;
  }
  if (afterPrefix) {
    return { kind: "go", key: key.toLowerCase() };
  }
  switch (key) {
    case "?":
      return { kind: "help" };
    case "/":
      return { kind: "filter" };
    case "g":
      return { kind: "prefix" };
    default:
      return null;
  }
}
