/** What is wrong with a configuration, in words that name the place, the reason and the fix. No value of the file is ever repeated. */
import type { z } from "zod";
import { entryAt, placeOf } from "#server/config/catalogue.ts";
import { positionAt } from "#server/config/json5/position.ts";
import type { Node } from "#server/config/json5/parse.ts";
import { nodeAt, offsetOf, type Path } from "#server/config/json5/value.ts";
import { nearest } from "#server/config/nearest.ts";
import { formatPath } from "#server/config/path.ts";

export interface Problem {
  severity: "error" | "warning";
  /** Key path, empty for the file as a whole. */
  path: string;
  /** From 1; where the key stands, or the nearest thing around the place where it is missing. */
  line: number;
  column: number;
  reason: string;
  fix: string;
}

/** A problem before it is placed in a text. */
export interface Finding {
  severity: Problem["severity"];
  path: Path;
  reason: string;
  fix: string;
}

export function placeFinding(text: string, root: Node | undefined, { path, severity, reason, fix }: Finding): Problem {
  return { severity, path: formatPath(path), ...positionAt(text, offsetOf(root, path)), reason, fix };
}

/** One line for a terminal: `openclaw.json5:3:5 gateway.port: must be …. Fix.` */
export function formatProblem(problem: Problem, file: string): string {
  const subject = problem.path === "" ? "" : ` ${problem.path}:`;
  return `${file}:${problem.line}:${problem.column}${subject} ${problem.reason}. ${problem.fix}`;
}

/** @param root the tree of the text that was validated: tells a missing key from one of a wrong type. */
export function findingsOf(issue: z.core.$ZodIssue, root: Node | undefined): Finding[] {
  const path = issue.path.map((step) => (typeof step === "number" ? step : String(step)));
  if (issue.code === "unrecognized_keys") {
    return issue.keys
      .filter((key) => key !== "__proto__")
      .map((key) => error([...path, key], "is not a key of the configuration", unknownKeyFix(path, key)));
  }
  const missing = nodeAt(root, path) === undefined && path.length > 0;
  return missing
    ? [error(path, "is required", `Add it: ${entryAt(path)?.description ?? "see docs/configuration.md"}`)]
    : [error(path, reasonOf(issue), valueFix(path))];
}

function error(path: Path, reason: string, fix: string): Finding {
  return { severity: "error", path, reason, fix };
}

function unknownKeyFix(parent: Path, key: string): string {
  const siblings = entryAt(parent)?.children ?? [];
  const near = nearest(key, siblings);
  const place = near === undefined ? placeOf(key) : [...parent, near];
  return place === undefined
    ? `Remove it, or use one of: ${siblings.join(", ")}.`
    : `Did you mean ${formatPath(place)}?`;
}

function valueFix(path: Path): string {
  const entry = entryAt(path);
  const { defaultValue } = entry ?? {};
  const isPlain =
    typeof defaultValue === "string" || typeof defaultValue === "number" || typeof defaultValue === "boolean";
  return isPlain ? `The default is ${JSON.stringify(defaultValue)}.` : "See docs/configuration.md.";
}

const EXPECTED: Readonly<Record<string, string>> = {
  object: "an object { … }",
  record: "an object { … }",
  array: "a list [ … ]",
  string: "text in quotes",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

function reasonOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${EXPECTED[issue.expected] ?? issue.expected}`;
    case "too_small":
      return issue.origin === "string"
        ? "must not be empty"
        : `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(String(value))).join(" or ")}`;
    case "invalid_key":
      return `the name ${issue.issues[0]?.message ?? "is not allowed"}`;
    case "invalid_format":
      return issue.format === "email" ? "must be an e-mail address" : issue.message;
    default:
      return issue.message;
  }
}

function unitOf(origin: string): string {
  return origin === "string" ? " characters" : origin === "array" ? " entries" : "";
}
