/** Use cases of the console's editor. */
import { recordEvents } from "#server/audit/index.ts";
import type { Actor } from "#server/audit/schema.ts";
import { maskText, type ConfigStore } from "#server/config/index.ts";
import { configDocument, editableText } from "#server/configuration/document.ts";
import type { StoredVersion } from "#server/configuration/history.ts";
import { planEdit, planText, refuseStale, type ChangePlan } from "#server/configuration/plan.ts";
import type {
  AppliedConfig,
  ChangeSource,
  ConfigCheck,
  ConfigDocument,
  ConfigHistory,
  EditedText,
  Version,
  VersionView,
} from "#server/configuration/schema.ts";
import { appliedEvent, type ConfigurationServices } from "#server/configuration/services.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Db } from "#server/core/db/client.ts";
import { withTx } from "#server/core/db/with-tx.ts";

export interface ConfigEditorServices {
  configuration: ConfigurationServices;
  config: Pick<ConfigStore, "current" | "status">;
  keyring: Keyring;
  db: Db;
  clock: Clock;
}

export function readDocument({ configuration, config }: ConfigEditorServices): ConfigDocument {
  return configDocument(configuration, { config, configAtStart: configuration.atStart });
}

/** @throws AppError("CONFLICT") when the file is another one by now. */
export function checkEdit({ configuration, keyring }: ConfigEditorServices, edited: EditedText): ConfigCheck {
  return planEdit(configuration, edited, keyring).check;
}

/** @throws AppError("CONFIG_INVALID") naming every error, AppError("CONFLICT") when the file was changed meanwhile. */
export async function applyEdit(
  services: ConfigEditorServices,
  actor: Actor,
  edited: EditedText,
): Promise<AppliedConfig> {
  return applyPlan(services, actor, planEdit(services.configuration, edited, services.keyring), "console");
}

/** Brings an older version into force. @throws AppError as `applyEdit`, and NOT_FOUND, CANNOT_DECRYPT for the version. */
export async function rollBack(
  services: ConfigEditorServices,
  actor: Actor,
  { version, base }: { version: string; base: string | null },
): Promise<AppliedConfig> {
  const { configuration, keyring } = services;
  const { text } = configuration.versions.read(version);
  refuseStale(configuration, editableText(configuration).base, base);
  return applyPlan(services, actor, planText(configuration, text, keyring), "rollback");
}

/** On record first and in the same transaction: a file that was not written is not on record. */
async function applyPlan(
  { configuration, db, clock }: ConfigEditorServices,
  actor: Actor,
  plan: ChangePlan,
  source: ChangeSource,
): Promise<AppliedConfig> {
  await withTx(db, async (tx) => {
    await recordEvents(tx, [appliedEvent(actor, configuration.paths.configFile, plan, source)]);
    plan.write(actor, source, new Date(clock.now()));
  });
  return plan.outcome;
}

export function readHistory({ configuration }: ConfigEditorServices): ConfigHistory {
  const { base } = editableText(configuration);
  const { versions, unreadable } = configuration.versions.list();
  return { versions: versions.map((version) => versionOf(version, base)), unreadable };
}

/** An older version and what going back to it would change. */
export function viewVersion({ configuration, keyring }: ConfigEditorServices, id: string): VersionView {
  const version = configuration.versions.read(id);
  const { base } = editableText(configuration);
  return {
    version: versionOf(version, base),
    text: maskText(version.text),
    check: planText(configuration, version.text, keyring).check,
    base,
  };
}

const versionOf = ({ id, at, by, source, paths, hash }: StoredVersion, base: string | null): Version => ({
  id,
  at: new Date(at),
  by: by.id,
  source,
  paths,
  hash: hash.slice(0, 12),
  current: hash === base,
});
