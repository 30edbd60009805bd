/** A change of the configuration, worked out before anything is written: what is wrong with it, what it changes, and the writing itself. */
import {
  changedPaths,
  configProblems,
  encryptWith,
  formatProblem,
  loadConfig,
  maskText,
  newSecrets,
  parsePath,
  readConfigFile,
  readConfigText,
  setInText,
  unmaskText,
  writeConfigFile,
  type Problem,
} from "#server/config/index.ts";
import { restartPaths, settingChanges } from "#server/configuration/changes.ts";
import { editableText, type EditorContext } from "#server/configuration/document.ts";
import type { AppliedConfig, ChangeSource, ConfigCheck, EditedText } from "#server/configuration/schema.ts";
import { diffTexts } from "#server/configuration/text-diff.ts";
import { fullHash } from "#server/configuration/text-hash.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import { AppError } from "#server/core/errors.ts";

export interface ChangePlan {
  check: ConfigCheck;
  /** What is recorded: hashes and names, never a value. */
  facts: { hash: string; previousHash: string | null; paths: string[] };
  outcome: AppliedConfig;
  /**
   * Keeps the version and replaces the file.
   * @throws AppError("CONFIG_INVALID") when there is an error, AppError("CONFLICT") when the file was changed meanwhile.
   */
  write(by: { type: string; id: string }, source: ChangeSource, now: Date): void;
}

/**
 * @param edited a text with masks, based on the file that hashes to `base`.
 * @throws AppError("CONFLICT") when that is not the file any more.
 */
export function planEdit(context: EditorContext, edited: EditedText, keyring: Keyring): ChangePlan {
  const editable = editableText(context);
  refuseStale(context, editable.base, edited.base);
  const { text, problems } = unmaskText(edited.text, editable.text);
  return planChange(context, { before: editable.text, after: text, problems, base: editable.base }, keyring);
}

/** The plan that brings a whole text into force, secrets in it included: an older version, or a file. */
export function planText(context: EditorContext, after: string, keyring: Keyring): ChangePlan {
  const { text, base } = editableText(context);
  return planChange(context, { before: text, after, problems: [], base }, keyring);
}

/** The plan that changes one setting and leaves every other byte of the file as it is. @throws AppError("CONFIG_INVALID"), AppError("INVALID_INPUT") */
export function planSetting(context: EditorContext, path: string, value: unknown, keyring: Keyring): ChangePlan {
  const steps = parsePath(path);
  if (steps === undefined) {
    throw new AppError("INVALID_INPUT", `"${path}" is not a key path.`);
  }
  return planText(context, setInText(editableText(context).text, steps, value), keyring);
}

export function refuseStale(
  { paths }: Pick<EditorContext, "paths">,
  found: string | null,
  expected: string | null,
): void {
  if (found !== expected) {
    throw new AppError(
      "CONFLICT",
      `${paths.configFile} was changed since you opened it. Nothing was written. Load it anew and make your change there.`,
      { details: { field: "text" } },
    );
  }
}

interface Change {
  before: string;
  after: string;
  /** Known already. */
  problems: readonly Problem[];
  base: string | null;
}

function planChange(
  context: EditorContext,
  { before, after, problems: known, base }: Change,
  keyring: Keyring,
): ChangePlan {
  const { paths, open, versions } = context;
  const problems = [...known, ...configProblems(after, { paths, open })];
  const [old, now] = [readConfigText(before === "" ? "{}" : before).soundPart, readConfigText(after).soundPart];
  const errors = problems.filter(({ severity }) => severity === "error");
  const secrets = errors.length > 0 ? [] : newSecrets(before, after);
  const converted = secrets.length > 0 ? encryptWith(keyring, after, secrets) : after;
  const shown = (text: string, other?: string): string =>
    readConfigText(text).soundPart === undefined ? "" : maskText(text, other);
  const changes = old === undefined || now === undefined ? [] : settingChanges(old, now);
  return {
    check: {
      problems,
      // What cannot be read cannot be masked, and is not repeated.
      diff: now === undefined ? { hunks: [], added: 0, removed: 0 } : diffTexts(shown(before), shown(after, before)),
      changes,
      encrypted: secrets.map(({ path }) => path),
    },
    facts: {
      hash: fullHash(converted),
      previousHash: base,
      paths: old === undefined || now === undefined ? [] : changedPaths(old, now),
    },
    outcome: {
      paths: changes.map(({ path }) => path),
      restart: old === undefined || now === undefined ? [] : restartPaths(old, now),
    },
    write(by, source, at) {
      if (errors.length > 0) {
        throw refused(paths.configFile, errors);
      }
      // Also what only shows when it is loaded as the running gateway does.
      loadConfig(paths.configFile, { text: converted, open });
      const current = readConfigFile(paths.configFile);
      refuseStale(context, current === undefined ? null : fullHash(current), base);
      const id = versions.add({ text: converted, by, source, now: at });
      try {
        writeConfigFile(paths.configFile, converted);
      } catch (error) {
        if (id !== null) {
          versions.remove(id);
        }
        throw error;
      }
    },
  };
}

function refused(file: string, errors: readonly Problem[]): AppError {
  const lines = errors.map((problem) => `  ${formatProblem(problem, file)}`).join("\n");
  return new AppError("CONFIG_INVALID", `Nothing was changed, because the outcome would be refused:\n${lines}`, {
    details: { problems: errors },
  });
}
