/** Text → configuration with every problem of its shape, in one pass. Pure: no file, no environment. */
import type { z } from "zod";
import { parseJson5, type Node } from "#server/config/json5/parse.ts";
import { positionAt } from "#server/config/json5/position.ts";
import { keyProblems, valueOf, type KeyProblem } from "#server/config/json5/value.ts";
import { findingsOf, placeFinding, type Problem } from "#server/config/problems.ts";
import { ConfigSchema, type Config } from "#server/config/schema.ts";

export interface ConfigText {
  root: Node | undefined;
  /** Undefined when there is a problem. */
  config: Config | undefined;
  /** The configuration with its faulty entries left out, to look for further problems; undefined when the text cannot be read at all. */
  soundPart: Config | undefined;
  problems: Problem[];
}

export function readConfigText(text: string): ConfigText {
  const { root, problems: syntax } = parseJson5(text);
  if (root === undefined || syntax.length > 0) {
    const problems = syntax.map(({ offset, reason, fix }): Problem => ({
      severity: "error",
      path: "",
      ...positionAt(text, offset),
      reason,
      fix,
    }));
    return { root, config: undefined, soundPart: undefined, problems };
  }
  const parsed = ConfigSchema.safeParse(valueOf(root));
  const keys = keyProblems(root);
  const shape = (parsed.error?.issues ?? []).flatMap((issue) => findingsOf(issue, root));
  const problems = [
    ...keys.slice(0, MAX_PROBLEMS).map((problem) => describeKeyProblem(text, root, problem)),
    ...shape.slice(0, MAX_PROBLEMS).map((finding) => placeFinding(text, root, finding)),
  ].sort((a, b) => a.line - b.line || a.column - b.column);
  const untold = keys.length + shape.length - problems.length;
  if (untold > 0) {
    problems.push(manyMore(untold));
  }
  return {
    root,
    config: problems.length === 0 ? parsed.data : undefined,
    soundPart: parsed.data ?? withoutFaults(valueOf(root)),
    problems,
  };
}

/** Of each sort; a hostile file could hold tens of thousands. */
const MAX_PROBLEMS = 100;

function manyMore(count: number): Problem {
  const fix = "Correct those above first.";
  return { severity: "error", path: "", line: 1, column: 1, reason: `the file has ${count} more problems`, fix };
}

function describeKeyProblem(text: string, root: Node, { path, offset, kind, first }: KeyProblem): Problem {
  const said =
    kind === "duplicate"
      ? { reason: `is written twice, first on line ${positionAt(text, first).line}`, fix: "Merge the two into one." }
      : { reason: "is not a key of the configuration", fix: "Remove it." };
  return { ...placeFinding(text, root, { severity: "error", path, ...said }), ...positionAt(text, offset) };
}

/** A fault can hide another one below it, so a few rounds may be needed. */
const MAX_ROUNDS = 8;

function withoutFaults(value: unknown): Config | undefined {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const parsed = ConfigSchema.safeParse(value);
    if (parsed.success) {
      return parsed.data;
    }
    parsed.error.issues.forEach((issue) => removeFault(value, issue));
  }
  return undefined;
}

function removeFault(value: unknown, issue: z.core.$ZodIssue): void {
  const firstIndex = issue.path.findIndex((step) => typeof step === "number");
  const path = firstIndex < 0 ? issue.path : issue.path.slice(0, firstIndex);
  if (issue.code === "unrecognized_keys") {
    issue.keys.forEach((key) => removeAt(value, [...path, key]));
  } else if (!removeAt(value, path)) {
    // A required key is missing: the object around it goes.
    removeAt(value, path.slice(0, -1));
  }
}

/** @returns whether there was something to remove. */
function removeAt(value: unknown, path: readonly PropertyKey[]): boolean {
  let parent = value;
  for (const step of path.slice(0, -1)) {
    parent = isRecord(parent) ? parent[step] : undefined;
  }
  const last = path.at(-1);
  return last !== undefined && isRecord(parent) && last in parent && delete parent[last];
}

function isRecord(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
