/** What the `openclaw access` commands share: reading the policy in force, changing it as the operator, lists on the command line. */
import type { CliContext } from "./context.ts";
import { withDatabase } from "./database.ts";
import { OPERATOR } from "./operator.ts";
import { readPolicy, unlimitedGrantor, type Grantor, type PolicyEditDeps } from "#server/access/index.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { loadConfig } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { configuredPolicy } from "#server/policy-inputs.ts";

export interface ListOptions {
  json?: boolean;
}

/** The policy as it stands now in the file and the database. */
export async function policyNow(context: CliContext): Promise<PolicySnapshot> {
  const configured = configuredPolicy(loadConfig(context.paths.configFile));
  return withDatabase(context, (_db, pool) => readPolicy(pool, configured));
}

/** Runs a change with the operator's rights, which are all there are. */
export async function editAsOperator<T>(
  context: CliContext,
  edit: (deps: PolicyEditDeps, grantor: Grantor) => Promise<T>,
): Promise<T> {
  const { configFile } = context.paths;
  const configured = configuredPolicy(loadConfig(configFile));
  return withDatabase(context, (db) =>
    edit({ db, clock: systemClock, configured, configFile }, unlimitedGrantor(OPERATOR)),
  );
}

/** `a, b` → its parts; an empty text is an empty list. */
export const shown = (names: readonly string[] | null, absent: string): string =>
  names === null ? absent : names.join(",") || "none";
