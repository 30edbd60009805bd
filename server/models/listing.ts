/** Which models there are to choose from, for those who ask. Pure. A provider may know more: any name of an allowed one can be called. */
import { providersIn, type ProvidersConfig } from "#server/models/policy.ts";
import { PRICE_TABLE } from "#server/models/price-table.ts";
import { mayUse } from "#server/models/resolve.ts";
import type { ModelAccess, ModelList } from "#server/models/access.ts";

interface ListedConfig extends ProvidersConfig {
  models: ProvidersConfig["models"] & { access?: ModelAccess; prices: Readonly<Record<string, unknown>> };
  agents: Readonly<Record<string, { model?: string | undefined }>>;
}

/**
 * Names of models of the providers that are set up: those of the price tables, of agents and of allow-lists. A dated beginning of the table
 * such as `anthropic/claude-sonnet-4-5*` stands for the name that the provider itself gives to the newest of them.
 * @param more names written elsewhere
 */
export function knownModels(config: ListedConfig, more: readonly string[] = []): string[] {
  const providers = new Set(providersIn(config).map(({ name }) => name));
  const written = [
    ...Object.values(config.agents).flatMap(({ model }) => model ?? []),
    ...Object.values(config.models.access ?? {}).flat(),
    ...Object.keys(config.models.prices),
    ...more,
  ].filter((name) => !name.endsWith("*"));
  const priced = Object.keys(PRICE_TABLE).map((name) => name.replace(/\*$/, ""));
  const names = new Set([...written, ...priced].filter((name) => providers.has(name.slice(0, name.indexOf("/")))));
  return [...names].sort();
}

/** Those of them, and of the lists' own names, that every list covers. */
export const modelsFor = (config: ListedConfig, lists: readonly ModelList[]): string[] =>
  knownModels(
    config,
    lists.flatMap(({ names }) => names),
  ).filter((name) => mayUse(lists, name));
