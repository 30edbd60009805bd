/** The file-system policy of the configuration in force, for commands that touch files. */
import type { CliContext } from "./context.ts";
import { loadConfig } from "#server/config/index.ts";
import { fileRules, type FileRules } from "#server/files/policy.ts";
import type { FileSystemConfig } from "#server/files/schema.ts";

/** @throws AppError CONFIG_INVALID */
export function fileSettings(
  { paths }: CliContext,
  userHome: string,
): { rules: FileRules; monitoring: FileSystemConfig["monitoring"] } {
  const { fileSystem } = loadConfig(paths.configFile).config.security;
  return {
    rules: fileRules(fileSystem, { userHome, openclawHome: paths.home }),
    monitoring: fileSystem.monitoring,
  };
}

/** A file's name as it can be shown: nothing in it moves the cursor, reverses the text or hides. */
export const shownName = (name: string): string =>
  name.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
