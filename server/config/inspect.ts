/** A configuration file taken apart for looking at it as a whole: what it means, what is wrong with it, and where each thing stands. */
import type { HomePaths } from "#server/core/paths.ts";
import { secretTexts } from "#server/config/encryption.ts";
import { parseJson5 } from "#server/config/json5/parse.ts";
import { positionAt, type Position } from "#server/config/json5/position.ts";
import { nodeAt, offsetOf, type Path } from "#server/config/json5/value.ts";
import { configProblems, hashOf, MISSING, POLICY_SECTIONS } from "#server/config/load.ts";
import type { Problem } from "#server/config/problems.ts";
import { readConfigText } from "#server/config/read.ts";
import type { SecretSource } from "#server/config/references.ts";
import type { Config } from "#server/config/schema.ts";

export interface ConfigInspection {
  /** With faulty entries left out; undefined when the text cannot be read at all. */
  config: Config | undefined;
  problems: Problem[];
  hash: string;
  owned: ReadonlySet<string>;
  isWritten: (path: Path) => boolean;
  /** Of the key, or of the nearest thing around the place where it is missing. */
  place: (path: Path) => Position;
  /** As they stand in the text; not to be kept. */
  secrets: readonly { path: Path; kept: "plain" | "reference" | "encrypted"; written: string }[];
}

/** @param text undefined = there is no file, and every setting has its default. */
export function inspectConfig(
  text: string | undefined,
  { paths, ...secrets }: { paths: HomePaths } & Partial<SecretSource>,
): ConfigInspection {
  const source = text ?? "{}";
  const { root } = parseJson5(source);
  return {
    config: readConfigText(source).soundPart,
    problems: configProblems(source, { paths, ...secrets }),
    hash: text === undefined ? MISSING : hashOf(text),
    owned: new Set(POLICY_SECTIONS.filter((section) => nodeAt(root, section.split(".")) !== undefined)),
    isWritten: (path) => nodeAt(root, path) !== undefined,
    place: (path) => positionAt(source, offsetOf(root, path)),
    secrets: secretTexts(root).map(({ steps, state, value }) => ({ path: steps, kept: state, written: value })),
  };
}
