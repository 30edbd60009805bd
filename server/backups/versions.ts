/** Whether this version can use a backup. Pure. */
import type { ArchiveHeader } from "#server/backups/schema.ts";
import { AppError } from "#server/core/errors.ts";

interface ThisVersion {
  version: string;
  /** Name of the newest migration. */
  schema: string;
}

/**
 * @param withTables rows are read from it, not only files.
 * @throws AppError("CONFLICT") naming both versions.
 */
export function refuseOtherVersion(header: ArchiveHeader, here: ThisVersion, name: string, withTables: boolean): void {
  if (isNewer(header.version, here.version)) {
    throw new AppError(
      "CONFLICT",
      `${name} was made by version ${header.version}; this is version ${here.version}. Update this one first. Nothing was changed.`,
    );
  }
  if (withTables && header.schema !== here.schema) {
    throw new AppError(
      "CONFLICT",
      `${name} was made by version ${header.version} with the tables of ${header.schema}; this is version ${here.version} with those of ${here.schema}. ` +
        "Restore it with the version that made it, then update. Nothing was changed.",
    );
  }
}

function isNewer(a: string, b: string): boolean {
  const [first, second] = [numbersOf(a), numbersOf(b)];
  const different = first.findIndex((number, index) => number !== (second[index] ?? 0));
  return different !== -1 && (first[different] ?? 0) > (second[different] ?? 0);
}

const numbersOf = (version: string): number[] => (version.match(/\d+/g) ?? []).slice(0, 3).map(Number);
