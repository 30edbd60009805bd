/** Which kinds of events commands record: those that the configuration file lists, as it does for the running gateway. */
import { isListed } from "#server/audit/index.ts";
import type { AuditKind } from "#server/audit/schema.ts";
import { loadConfig, type LoadedConfig } from "#server/config/index.ts";

/** The file is read when it is first needed. One that cannot be read lists everything. */
export function listedIn(configFile: string): (kind: AuditKind) => boolean {
  let loaded: LoadedConfig | null | undefined;
  return (kind) => {
    loaded = loaded === undefined ? read(configFile) : loaded;
    return loaded === null || isListed(kind, loaded.config.logging);
  };
}

function read(configFile: string): LoadedConfig | null {
  try {
    return loadConfig(configFile);
  } catch {
    return null;
  }
}
