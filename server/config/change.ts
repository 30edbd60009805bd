/** `config get` and `config set`: one value of the file, shown masked, changed safely. */
import { z } from "zod";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { AppError } from "#server/core/errors.ts";
import { CONFIG_KEYS, entryAt } from "#server/config/catalogue.ts";
import { setInText } from "#server/config/edit.ts";
import { isReference } from "#server/config/encryption.ts";
import { encryptWith, newSecrets } from "#server/config/new-secrets.ts";
import { readConfigFile, writeConfigFile } from "#server/config/file.ts";
import { parseJson5 } from "#server/config/json5/parse.ts";
import { valueOf, type Path } from "#server/config/json5/value.ts";
import { configProblems, loadConfig } from "#server/config/load.ts";
import { SECRET_MASK } from "#server/config/mask-text.ts";
import { nearest } from "#server/config/nearest.ts";
import { formatPath, parsePath } from "#server/config/path.ts";
import { formatProblem, type Problem } from "#server/config/problems.ts";
import { ConfigSchema } from "#server/config/schema.ts";

/**
 * The value in force at `path` (without: everything), defaults included, as people write it. Secrets are masked, bare `${NAME}` references shown.
 * @throws AppError("NOT_FOUND") for a path the configuration does not know or that holds nothing.
 */
export function getConfigValue(file: string, path?: string): unknown {
  const steps = path === undefined ? [] : knownPath(path);
  let value: unknown = masked(z.encode(ConfigSchema, loadConfig(file).config), []);
  for (const step of steps) {
    value =
      typeof value === "object" && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string | number, unknown>)[step]
        : undefined;
  }
  if (value === undefined) {
    throw new AppError(
      "NOT_FOUND",
      `${path ?? ""} is not set and has no default. Set it with: openclaw config set ${path ?? ""} <value>`,
    );
  }
  return value;
}

export interface ConfigChange {
  /** What remains to be said about the file. */
  problems: readonly Problem[];
  /** Key paths of secrets that were encrypted before they were written. */
  encrypted: readonly string[];
}

/**
 * Changes one value in the file, or makes the file. Nothing is written when the change would bring in a problem. A secret that comes to a file
 * whose other secrets are encrypted is encrypted too.
 * @param value JSON5; anything else is taken as text.
 * @param openKeys called only when there is something to encrypt.
 * @throws AppError("INVALID_INPUT") for a bad path, AppError("CONFIG_INVALID") naming each problem, and as `openKeys` does.
 */
export async function setConfigValue(
  file: string,
  path: string,
  value: string,
  openKeys: () => Promise<Keyring>,
): Promise<ConfigChange> {
  const steps = knownPath(path);
  const before = readConfigFile(file) ?? "";
  const after = setInText(before, steps, typedValue(steps, value));
  // What was wrong before does not stop a change elsewhere.
  const known = new Set(configProblems(before).map(identity));
  const problems = configProblems(after);
  const added = problems.filter((problem) => problem.severity === "error" && !known.has(identity(problem)));
  if (added.length > 0) {
    const lines = added.map((problem) => `  ${formatProblem(problem, file)}`).join("\n");
    throw new AppError("CONFIG_INVALID", `Nothing was changed, because the outcome would be refused:\n${lines}`, {
      details: { problems: added },
    });
  }
  const secrets = newSecrets(before, after).filter((secret) =>
    steps.every((step, index) => step === secret.steps[index]),
  );
  writeConfigFile(file, secrets.length > 0 ? encryptWith(await openKeys(), after, secrets) : after);
  return { problems, encrypted: secrets.map((secret) => secret.path) };
}

function identity({ path, reason }: Problem): string {
  return `${path} ${reason}`;
}

function knownPath(path: string): Path {
  const steps = parsePath(path);
  if (steps === undefined) {
    throw new AppError(
      "INVALID_INPUT",
      `"${path}" is not a key path. Write it like gateway.port or channels["my channel"].permissions.`,
    );
  }
  if (entryAt(steps) === undefined) {
    const meant = nearest(
      path,
      CONFIG_KEYS.map((entry) => formatPath(entry.path)).filter((known) => !known.includes("*")),
    );
    const hint = meant === undefined ? "All keys are listed in docs/configuration.md." : `Did you mean ${meant}?`;
    throw new AppError("NOT_FOUND", `${path} is not a key of the configuration. ${hint}`);
  }
  return steps;
}

/** Where the key takes text, `123` or `true` on the command line mean that text. */
function typedValue(path: Path, written: string): unknown {
  const { root, problems } = parseJson5(written);
  if (root === undefined || problems.length > 0) {
    return written;
  }
  const value = valueOf(root);
  return takesText(path) && typeof value !== "string" ? written : value;
}

const TEXT_TYPES = ["text", "secret text", "name", "account", "file mode"];

/** Every list of the configuration holds texts. */
function takesText(path: Path): boolean {
  return typeof path.at(-1) === "number" || TEXT_TYPES.includes(entryAt(path)?.type ?? "");
}

/** `value`, what stands at `path`, with every secret of it masked. */
export function masked(value: unknown, path: Path): unknown {
  if (typeof value === "string") {
    return entryAt(path)?.secret === true && !isReference(value) ? SECRET_MASK : value;
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => masked(item, [...path, index]));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item, [...path, key])]));
}
