/** Text → configuration with every problem of its shape, in one pass. Pure: no file, no environment. */
import type { Node } from "#server/config/json5/parse.ts";
import { parseJson5 } from "#server/config/json5/parse.ts";
import { positionAt } from "#server/config/json5/position.ts";
import { keyProblems, valueOf } from "#server/config/json5/value.ts";
import { findingsOf, placeFinding, type Finding, type Problem } from "#server/config/problems.ts";
import { ConfigSchema, type Config } from "#server/config/schema.ts";

export interface ConfigText {
  root: Node | undefined;
  /** Undefined when there is a problem. */
  config: Config | undefined;
  problems: Problem[];
}

export function readConfigText(text: string): ConfigText {
  const { root, problems: syntax } = parseJson5(text);
  if (root === undefined || syntax.length > 0) {
    const problems = syntax.map(
      ({ offset, reason, fix }): Problem => ({ severity: "error", path: "", ...positionAt(text, offset), reason, fix }),
    );
    return { root, config: undefined, problems };
  }
  const keys = keyProblems(root).map(({ path, offset, kind, first }) => {
    const finding: Finding =
      kind === "duplicate"
        ? {
            severity: "error",
            path,
            reason: `is written twice, first on line ${positionAt(text, first).line}`,
            fix: "Merge the two into one.",
          }
        : { severity: "error", path, reason: "is not a key of the configuration", fix: "Remove it." };
    return { ...placeFinding(text, root, finding), ...positionAt(text, offset) };
  });
  const parsed = ConfigSchema.safeParse(valueOf(root));
  const shape = parsed.success
    ? []
    : parsed.error.issues.flatMap((issue) => findingsOf(issue, root)).map((finding) => placeFinding(text, root, finding));
  const problems = [...keys, ...shape].sort((a, b) => a.line - b.line || a.column - b.column);
  return { root, config: problems.length === 0 ? parsed.data : undefined, problems };
}
