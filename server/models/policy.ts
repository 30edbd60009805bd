/** The providers of the configuration, and lists of models. Pure: keys are left as written, the environment is read where one is used. */
export { modelsOfRole, type ModelAccess } from "#server/models/access.ts";
export { commonModels, coversEveryModel, EVERY_MODEL, isGranted, shownModels } from "#server/models/patterns.ts";

export type ApiType = "openai" | "anthropic";

export interface Provider {
  name: string;
  type: ApiType;
  /** Up to what comes before `/chat/completions` or `/messages`, without a slash at its end. */
  baseUrl: string;
  /** The key as written in the configuration, with its path there; null = the provider needs none. */
  key: { path: string; written: string } | null;
}

/** The part of the configuration that is read here. */
export interface ProvidersConfig {
  models: { providers: Readonly<Record<string, ProviderConfig>> };
  security: { apiKeys: Readonly<Record<string, string | undefined>> };
}

interface ProviderConfig {
  type?: ApiType | undefined;
  baseUrl?: string | undefined;
  apiKey?: string | undefined;
}

/** Providers that need no description. Google speaks the OpenAI API at this address. */
const BUILT_IN: Readonly<Record<string, { type: ApiType; baseUrl: string }>> = {
  anthropic: { type: "anthropic", baseUrl: "https://api.anthropic.com/v1" },
  openai: { type: "openai", baseUrl: "https://api.openai.com/v1" },
  google: { type: "openai", baseUrl: "https://generativelanguage.googleapis.com/v1beta/openai" },
};

export const isBuiltInProvider = (name: string): boolean => Object.hasOwn(BUILT_IN, name);

/**
 * Providers that can be called: built-in ones that have a key or are described, then the others as written. One whose type or place is
 * missing is left out; `safety/models.ts` refuses such a configuration.
 */
export function providersOf({ models, security }: ProvidersConfig): Provider[] {
  const names = new Set([...Object.keys(BUILT_IN), ...Object.keys(models.providers)]);
  return [...names].flatMap((name): Provider[] => {
    const written = Object.hasOwn(models.providers, name) ? models.providers[name] : undefined;
    const builtIn = isBuiltInProvider(name) ? BUILT_IN[name] : undefined;
    const key = keyOf(name, security.apiKeys[name], written?.apiKey);
    const type = written?.type ?? builtIn?.type;
    const baseUrl = written?.baseUrl ?? builtIn?.baseUrl;
    if (type === undefined || baseUrl === undefined || (written === undefined && key === null)) {
      return [];
    }
    return [{ name, type, baseUrl: baseUrl.replace(/\/+$/, ""), key }];
  });
}

const known = new WeakMap<ProvidersConfig, readonly Provider[]>();

/** As `providersOf`, worked out once for each configuration that is in force. */
export function providersIn(config: ProvidersConfig): readonly Provider[] {
  const found = known.get(config) ?? providersOf(config);
  known.set(config, found);
  return found;
}

function keyOf(name: string, shared: string | undefined, own: string | undefined): Provider["key"] {
  if (shared !== undefined) {
    return { path: `security.apiKeys.${name}`, written: shared };
  }
  return own === undefined ? null : { path: `models.providers.${name}.apiKey`, written: own };
}
