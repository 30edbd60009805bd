/** The paths of a home for a process that has only just started and has read nothing yet. */
import type { HomePaths } from "#server/core/paths.ts";
import { loadConfig } from "#server/config/load.ts";
import { storageFindings, storagePaths } from "#server/config/storage.ts";

/** `storagePaths` of the file as it stands now. One that cannot be loaded or used changes nothing: the start will say why. */
export function configuredPaths(paths: HomePaths): HomePaths {
  try {
    const { config } = loadConfig(paths.configFile);
    return storageFindings(config, paths).length > 0 ? paths : storagePaths(config, paths);
  } catch {
    return paths;
  }
}
