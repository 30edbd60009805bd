/** Text that came out of a container or from a stranger, made fit to show. Pure. */

// ECMA-48: CSI, OSC and other strings, and the two-character escapes.
const ESCAPES =
  /\u001B(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[ -/]*[0-~])|\u009B[0-?]*[ -/]*[@-~]/g;
/** Control characters but the tab, and those that hide, reverse or break text. */
const UNSEEN = /[^\P{Cc}\t]|[\p{Cf}\u2028\u2029]/gu;

/** One line without terminal escapes; what else cannot be seen becomes U+FFFD, so that nothing in it is hidden or moves what stands around it. */
export const plainText = (text: string): string => text.replace(ESCAPES, "").replace(UNSEEN, "\u{fffd}");
