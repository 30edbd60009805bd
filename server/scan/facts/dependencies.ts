/** What is installed beside what the lockfile says. Reads two files; asks nobody. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { DependencyFacts } from "#server/scan/facts/sources.ts";

const Package = z.object({
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  link: z.boolean().optional(),
  optional: z.boolean().optional(),
});
const Lock = z.object({ packages: z.record(z.string(), Package) });
type Packages = z.infer<typeof Lock>["packages"];

/** Lowest versions without a flaw that concerns this product, for when no source of advisories is reachable. */
const LOWEST: readonly { name: string; needed: string; advisory: string }[] = [
  { name: "next", needed: "16.4.6", advisory: "CVE-2025-55182, CVE-2025-29927" },
  { name: "next-auth", needed: "4.24.15", advisory: "flaws of earlier versions" },
];
const NODE_NEEDED = 24;

/** @param root folder of the product. */
export async function dependencyFacts(root: string): Promise<DependencyFacts> {
  const lockFile = join(root, "package-lock.json");
  const locked = existsSync(lockFile) ? await packagesIn(lockFile) : null;
  const installedFile = join(root, "node_modules", ".package-lock.json");
  const installed = existsSync(installedFile) ? await packagesIn(installedFile) : {};
  const entries = Object.entries(locked ?? {}).filter(([path, { link }]) => path !== "" && link !== true);
  return {
    lockFile,
    hasLock: locked !== null,
    // What belongs to another system and is not installed is no part of this installation.
    withoutHash: entries
      .filter(
        ([path, { integrity, optional }]) =>
          integrity === undefined && (optional !== true || Object.hasOwn(installed, path)),
      )
      .map(([path]) => nameOf(path)),
    insecure: entries
      .filter(([, { resolved }]) => resolved !== undefined && !resolved.startsWith("https://"))
      .map(([path]) => nameOf(path)),
    drifted: entries.flatMap(([path, { version }]) => {
      const found = installed[path]?.version;
      return version === undefined || found === undefined || found === version
        ? []
        : [{ name: nameOf(path), locked: version, installed: found }];
    }),
    vulnerable: LOWEST.flatMap(({ name, needed, advisory }) => {
      const found = installed[`node_modules/${name}`]?.version ?? locked?.[`node_modules/${name}`]?.version;
      return found !== undefined && isOlder(found, needed) ? [{ name, installed: found, needed, advisory }] : [];
    }),
    nodeNeeded: NODE_NEEDED,
  };
}

async function packagesIn(file: string): Promise<Packages> {
  return Lock.parse(JSON.parse(await readFile(file, "utf8"))).packages;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

/** Whether version `a` comes before `b`; what follows a hyphen comes before the version itself. */
export function isOlder(a: string, b: string): boolean {
  const numbers = (version: string): number[] => (version.split(/[-+]/)[0] ?? "").split(".").map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) {
      return difference < 0;
    }
  }
  return a.includes("-") && !b.includes("-");
}
