/** What the console's changes of the policy start from, and where a section is written that they may not touch. */
import { SECTIONS, type PolicyEditDeps } from "#server/access/edit-policy.ts";
import type { PolicyStore } from "#server/access/policy-store.ts";
import type { LoadedConfig } from "#server/config/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";

export interface AccessServices {
  db: Db;
  clock: Clock;
  policy: PolicyStore;
  config: { current(): LoadedConfig };
  paths: { configFile: string };
}

function policyEditDeps({ db, clock, config, paths }: AccessServices): PolicyEditDeps {
  return { db, clock, configured: configuredPolicy(config.current()), configFile: paths.configFile };
}

/** Null when the database keeps the section. */
export function provisioned(
  { config, paths }: Pick<AccessServices, "config" | "paths">,
  section: keyof typeof SECTIONS,
): { file: string; path: string } | null {
  return configuredPolicy(config.current())[section] === undefined
    ? null
    : { file: paths.configFile, path: SECTIONS[section] };
}

/** Makes the change, then waits until this process decides by it: who saved sees what they saved. */
export async function changePolicy<T>(
  services: AccessServices,
  change: (deps: PolicyEditDeps) => Promise<T>,
): Promise<T> {
  const result = await change(policyEditDeps(services));
  await services.policy.reload();
  return result;
}
