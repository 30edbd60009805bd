/** Where every key of a text stands, for jumping to it. Pure. */
import { parseJson5, type Node } from "#server/config/json5/parse.ts";
import type { Path } from "#server/config/json5/value.ts";

interface Place {
  steps: Path;
  /** From 1. */
  line: number;
}

/** In the order of the text; lists are one place each. */
export function placesIn(text: string): Place[] {
  let line = 1;
  let seen = 0;
  // Keys come in the order of the text, so that each line end is counted once.
  const lineAt = (offset: number): number => {
    line += text.slice(seen, offset).match(/\r\n|\n|\r/g)?.length ?? 0;
    seen = offset;
    return line;
  };
  const below = (node: Node | undefined, steps: Path): Place[] =>
    node?.kind === "object"
      ? node.members.flatMap(({ key, keyStart, value }) => {
          const here = [...steps, key];
          return [{ steps: here, line: lineAt(keyStart) }, ...below(value, here)];
        })
      : [];
  return below(parseJson5(text).root, []);
}
