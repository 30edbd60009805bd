/** Looks at a home and judges it. */
import { tlsFilesOf } from "#server/config/index.ts";
import type { Config } from "#server/config/schema.ts";
import type { Env } from "#server/core/env.ts";
import { AppError } from "#server/core/errors.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { permissionFindings } from "#server/permissions/policy.ts";
import type { HomeFacts, PermissionFinding } from "#server/permissions/schema.ts";
import { walkHome, type OutsideFile } from "#server/permissions/walk.ts";

export interface HomeCheck {
  facts: HomeFacts;
  findings: readonly PermissionFinding[];
}

/**
 * @param paths with the folders that the configuration names.
 * @throws AppError("NOT_FOUND") without a home, AppError("NOT_CONFIGURED") when a path of the configuration refers to a missing variable.
 */
export function checkHome(paths: HomePaths, config: Config, env: Pick<Env, "OPENCLAW_MASTER_KEY_FILE">): HomeCheck {
  const { configPermissions, logPermissions } = config.security.storage;
  const facts = walkHome(paths, outsideFiles(paths, config, env));
  return { facts, findings: permissionFindings(facts, { config: configPermissions, logs: logPermissions }) };
}

function outsideFiles(
  paths: HomePaths,
  { gateway }: Config,
  { OPENCLAW_MASTER_KEY_FILE: masterKey }: Pick<Env, "OPENCLAW_MASTER_KEY_FILE">,
): OutsideFile[] {
  const { key, cert, ca } = tlsFilesOf(gateway.tls, paths);
  const named: [path: string | undefined, area: OutsideFile["area"]][] = [
    [key, "tls_key"],
    [cert, "certificate"],
    [ca, "certificate"],
    [masterKey, "master_key"],
  ];
  return named.flatMap(([path, area]) => (path === undefined ? [] : [{ path, area }]));
}

/** @throws AppError("NOT_CONFIGURED") naming the keys that somebody else can read or exchange, and what closes them. */
export function refuseOpenKeys({ findings }: HomeCheck): void {
  const open = findings.filter(({ refusesStart }) => refusesStart);
  if (open.length > 0) {
    const lines = open.map(({ path, found, message, fix }) => `  ${path} is ${found}: ${message}. ${fix}`);
    throw new AppError(
      "NOT_CONFIGURED",
      `The gateway does not start while others can get at its keys:\n${lines.join("\n")}\nModes are also corrected by: openclaw security check-permissions --fix`,
    );
  }
}
