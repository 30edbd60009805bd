/** What the editor keeps of a running server, and what the record says of it. */
import type { Actor, AuditEventInput } from "#server/audit/schema.ts";
import { hashOf, readConfigFile, secretOpener } from "#server/config/index.ts";
import type { Config } from "#server/config/schema.ts";
import type { EditorContext } from "#server/configuration/document.ts";
import { openConfigVersions } from "#server/configuration/history.ts";
import type { ChangePlan } from "#server/configuration/plan.ts";
import type { ChangeSource } from "#server/configuration/schema.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Logger } from "#server/core/log.ts";
import type { HomePaths } from "#server/core/paths.ts";

export interface ConfigurationServices extends EditorContext {
  /** What the processes were started with. */
  atStart: Config;
  /** Keeps the version that was just loaded, whoever wrote it. @param hash as the store names it. */
  keep(hash: string): void;
}

interface Deps {
  paths: HomePaths;
  keyring: Keyring;
  clock: Clock;
  log: Pick<Logger, "error">;
  atStart: Config;
}

export function configurationServices({ paths, keyring, clock, log, atStart }: Deps): ConfigurationServices {
  const versions = openConfigVersions(paths, keyring);
  return {
    paths,
    open: secretOpener(keyring),
    versions,
    atStart,
    keep(hash) {
      try {
        const text = readConfigFile(paths.configFile);
        // Another save may have come meanwhile: that one is loaded, and kept, in its turn.
        if (text !== undefined && hashOf(text) === hash) {
          versions.add({
            text,
            by: { type: "operator", id: "configuration file" },
            source: "file",
            now: new Date(clock.now()),
          });
        }
      } catch (error) {
        log.error({ err: error }, "a version of the configuration could not be kept");
      }
    },
  };
}

/** Names of settings and hashes of texts, never a value. */
export const appliedEvent = (
  actor: Actor,
  file: string,
  { facts }: Pick<ChangePlan, "facts">,
  source: ChangeSource,
): AuditEventInput => ({
  event: "config.applied",
  outcome: "ok",
  actor,
  target: file,
  reason: source,
  data: { ...facts, hash: facts.hash.slice(0, 12), previousHash: facts.previousHash?.slice(0, 12) ?? null },
});
