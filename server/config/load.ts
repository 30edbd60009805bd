/** File → configuration in force, with everything that is to be said about it. */
import { createHash } from "node:crypto";
import { AppError } from "#server/core/errors.ts";
import { lookupVariable } from "#server/core/env.ts";
import type { SecretSource } from "#server/config/references.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { readConfigFile } from "#server/config/file.ts";
import type { Node } from "#server/config/json5/parse.ts";
import { nodeAt, type Path } from "#server/config/json5/value.ts";
import { formatProblem, placeFinding, type Problem } from "#server/config/problems.ts";
import { readConfigText } from "#server/config/read.ts";
import { safetyFindings } from "#server/config/safety.ts";
import { storageFindings } from "#server/config/storage.ts";
import { tlsFindings } from "#server/config/tls/findings.ts";
import type { Config } from "#server/config/schema.ts";

/** Sections that the file owns when it holds them; absent ones are owned by the database. */
export const POLICY_SECTIONS = [
  "security.authorization.roles",
  "security.authorization.users",
  "channels",
  "security.rateLimit",
  "security.monitoring.alerting",
] as const;

type PolicySection = (typeof POLICY_SECTIONS)[number];

export interface LoadedConfig {
  config: Config;
  /** Policy sections that stand in the file. */
  owned: ReadonlySet<PolicySection>;
  /** Findings that are shown and do not stop anything. */
  warnings: readonly Problem[];
  /** Safety findings that forbid running with this configuration. */
  refusals: readonly Problem[];
  /** Short hash of the text; `MISSING` without a file. */
  hash: string;
}

const EMPTY_FILE = "{}";

/** Stands for the hash where there is no file and all defaults are in force. */
export const MISSING = "defaults";

/**
 * Reads and checks a configuration; a missing file means all defaults. Unsafe settings do not throw: see `refusals`.
 * @param options.text taken instead of the file's content.
 * @param options.lookup default: this process' environment. @param options.open without it encrypted values are taken as they are, unseen.
 * @throws AppError("CONFIG_INVALID") naming every problem, which `problemsOf` gives back as data.
 */
export function loadConfig(
  file: string,
  options: { text?: string | undefined } & Partial<SecretSource> = {},
): LoadedConfig {
  const text = options.text ?? readConfigFile(file);
  const { root, config, problems } = readConfigText(text ?? EMPTY_FILE);
  if (config === undefined) {
    throw invalidConfig(file, problems);
  }
  const findings = placedFindings(text ?? EMPTY_FILE, root, config, options);
  return {
    config,
    owned: new Set(POLICY_SECTIONS.filter((section) => nodeAt(root, section.split(".")) !== undefined)),
    warnings: findings.filter((finding) => finding.severity === "warning"),
    refusals: findings.filter((finding) => finding.severity === "error"),
    hash: text === undefined ? MISSING : hashOf(text),
  };
}

/**
 * Everything there is to say about a text, in the order of its lines: errors of its shape, safety errors and warnings.
 * @param options.paths also looks into the files that it names. @param options.open without it encrypted values are not judged.
 */
export function configProblems(
  text: string,
  { paths, ...secrets }: { paths?: HomePaths } & Partial<SecretSource> = {},
): Problem[] {
  const { root, soundPart, problems } = readConfigText(text);
  if (soundPart === undefined) {
    return [...problems].sort(byPlace);
  }
  const findings = placedFindings(text, root, soundPart, secrets);
  const ofFiles =
    paths === undefined ? [] : [...tlsFindings(soundPart, paths, new Date()), ...storageFindings(soundPart, paths)];
  return [...problems, ...findings, ...ofFiles.map((finding) => placeFinding(text, root, finding))].sort(byPlace);
}

/** @throws AppError("CONFIG_INVALID") when the safety rules forbid running with `loaded`. */
export function assertSafe(file: string, loaded: LoadedConfig): void {
  if (loaded.refusals.length > 0) {
    throw invalidConfig(file, loaded.refusals);
  }
}

export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

/** The problems inside an error of this module; undefined for any other error. */
export function problemsOf(error: unknown): readonly Problem[] | undefined {
  const problems = error instanceof AppError ? error.details?.["problems"] : undefined;
  return Array.isArray(problems) ? (problems as readonly Problem[]) : undefined;
}

function placedFindings(
  text: string,
  root: Node | undefined,
  config: Config,
  { lookup = lookupVariable, open }: Partial<SecretSource>,
): Problem[] {
  const isWritten = (path: Path): boolean => nodeAt(root, path) !== undefined;
  return safetyFindings(config, { lookup, open, isWritten })
    .map((finding) => placeFinding(text, root, finding))
    .sort(byPlace);
}

function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}

function invalidConfig(file: string, problems: readonly Problem[]): AppError {
  const lines = problems.map((problem) => `  ${formatProblem(problem, file)}`);
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new AppError("CONFIG_INVALID", `The configuration has ${count}:\n${lines.join("\n")}`, {
    details: { problems },
  });
}
