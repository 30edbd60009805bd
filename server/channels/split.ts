/**
 * Cuts a text into messages that a platform takes. Pure. Nothing is lost: the parts one after another are the text, apart from code fences,
 * which are closed at the end of a part and opened again in the next.
 */

const FENCE = "```";
const CLOSING = `\n${FENCE}`;
/** Longest language behind a fence that is carried on. */
const MAX_INFO = 20;

interface Limit {
  /** In the unit of `measure`; at least 64. */
  max: number;
  measure: (text: string) => number;
}

export function splitText(text: string, limit: Limit): string[] {
  const parts: string[] = [];
  let rest = text;
  /** The opening line of the fence that the next part starts inside of. */
  let fence: string | null = null;
  while (rest !== "") {
    const opening: string = fence === null ? "" : `${fence}\n`;
    if (limit.measure(opening + rest) <= limit.max) {
      parts.push(opening + rest);
      break;
    }
    const cut = cutOf(rest, opening, limit);
    const body = rest.slice(0, cut);
    fence = fenceAfter(body, fence);
    parts.push(fence === null ? opening + body : `${opening}${body.replace(/\n$/, "")}${CLOSING}`);
    rest = rest.slice(cut);
  }
  return parts;
}

/** Where to cut: behind the last line end that leaves a part at least half full, else behind a blank, else anywhere between two characters. */
function cutOf(rest: string, opening: string, { max, measure }: Limit): number {
  const fits = (length: number): boolean => measure(opening + rest.slice(0, length) + CLOSING) <= max;
  let least = 1;
  let most = rest.length;
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (fits(middle)) {
      least = middle;
    } else {
      most = middle - 1;
    }
  }
  const window = rest.slice(0, least);
  const line = window.lastIndexOf("\n") + 1;
  if (line > least / 2) {
    return line;
  }
  const blank = window.lastIndexOf(" ") + 1;
  const cut = blank > least / 2 ? blank : least;
  return beforeFence(rest, betweenCharacters(rest, cut));
}

/** A surrogate pair is one character. */
function betweenCharacters(text: string, cut: number): number {
  const isInside = /[\ud800-\udbff]/.test(text.charAt(cut - 1)) && /[\udc00-\udfff]/.test(text.charAt(cut));
  return isInside ? (cut > 1 ? cut - 1 : cut + 1) : cut;
}

/** A line that opens or closes a fence stays whole where that leaves anything before it. */
function beforeFence(text: string, cut: number): number {
  const start = text.lastIndexOf("\n", cut - 1) + 1;
  return start > 0 && text.startsWith(FENCE, start) ? start : cut;
}

/** The fence that is open behind `body`, given the one that is open before it. */
function fenceAfter(body: string, before: string | null): string | null {
  let open = before;
  for (const line of body.split("\n")) {
    if (line.startsWith(FENCE)) {
      open =
        open === null
          ? FENCE +
            line
              .slice(FENCE.length)
              .trim()
              .slice(0, MAX_INFO)
              .replace(/`|\s.*/g, "")
          : null;
    }
  }
  return open;
}
