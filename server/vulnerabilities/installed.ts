/** The product's own dependencies as they are installed, from what npm keeps in `node_modules`, else from the lockfile. Reads only. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { hasErrorCode } from "#server/core/errors.ts";

/** One installed package. */
export interface InstalledPackage {
  name: string;
  version: string;
  /** As OSV names it: `npm`, `Debian:12`, `Alpine:v3.20`. */
  ecosystem: string;
  /** Where it lies. */
  path: string;
}

/** npm's own record of what is really there comes first. */
const LOCKFILES = ["node_modules/.package-lock.json", "package-lock.json"];

const Lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), name: z.string().optional(), link: z.boolean().optional() }).loose(),
  ),
});

/** @returns null when there is no lockfile that can be read. @param root the product's folder */
export function installedDependencies(root: string): InstalledPackage[] | null {
  for (const file of LOCKFILES) {
    const packages = readLockfile(join(root, file));
    if (packages !== null) {
      return packages;
    }
  }
  return null;
}

function readLockfile(file: string): InstalledPackage[] | null {
  try {
    return parseLockfile(readFileSync(file, "utf8"));
  } catch (error) {
    if (hasErrorCode(error, "ENOENT") || error instanceof SyntaxError || error instanceof z.ZodError) {
      return null;
    }
    throw error;
  }
}

/** @throws SyntaxError, ZodError */
export function parseLockfile(text: string): InstalledPackage[] {
  const { packages } = Lockfile.parse(JSON.parse(text));
  return Object.entries(packages).flatMap(([path, { version, name, link }]) => {
    const at = path.lastIndexOf("node_modules/");
    return at === -1 || version === undefined || link === true
      ? []
      : [{ name: name ?? path.slice(at + "node_modules/".length), version, ecosystem: "npm", path }];
  });
}
