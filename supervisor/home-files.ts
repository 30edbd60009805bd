/** Whether others can get at the home's files, asked before any of them is used. */
import type { Config } from "#server/config/schema.ts";
import type { Env } from "#server/core/env.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { checkHome, refuseOpenKeys } from "#server/permissions/index.ts";
import type { Terminal } from "./terminal.ts";

/** Warns of what gives too much. @throws AppError("NOT_CONFIGURED") when that is a key. */
export function checkHomeFiles(paths: HomePaths, config: Config, env: Env, terminal: Pick<Terminal, "warn">): void {
  const check = checkHome(paths, config, env);
  refuseOpenKeys(check);
  const [first] = check.findings;
  if (first !== undefined) {
    const count = check.findings.length === 1 ? "1 file or folder is" : `${check.findings.length} files or folders are`;
    terminal.warn(
      `${count} not as they should be, such as ${first.path} (${first.found}). See: openclaw security check-permissions`,
    );
  }
}
