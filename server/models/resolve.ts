/**
 * From a path and a model's name to the provider that answers, or why none does. Pure.
 * Threat: a program names a model it was not granted, or a host of its own. It can choose among the configured providers only, by name.
 */
import type { IncomingHttpHeaders } from "node:http";
import { namesShown } from "#server/core/name-list.ts";
import type { ModelList } from "#server/models/access.ts";
import type { Caller } from "#server/models/caller.ts";
import { commonModels, EVERY_MODEL, isGranted } from "#server/models/patterns.ts";
import type { ApiType, Provider } from "#server/models/policy.ts";
import { withoutRunTokens } from "#server/models/run-token.ts";
import { translatorFor } from "#server/models/translate/index.ts";

export interface Route {
  method: "GET" | "POST";
  /** As the program calls it. */
  path: string;
  api: ApiType;
  /** What is appended to the provider's base URL; null = answered here. */
  upstream: string | null;
}

const ROUTES: readonly Route[] = [
  { method: "GET", path: "/v1/models", api: "openai", upstream: null },
  { method: "POST", path: "/v1/chat/completions", api: "openai", upstream: "/chat/completions" },
  { method: "POST", path: "/v1/responses", api: "openai", upstream: "/responses" },
  { method: "POST", path: "/v1/embeddings", api: "openai", upstream: "/embeddings" },
  { method: "POST", path: "/v1/messages", api: "anthropic", upstream: "/messages" },
  { method: "POST", path: "/v1/messages/count_tokens", api: "anthropic", upstream: "/messages/count_tokens" },
];

export const MODEL_PATHS: readonly Pick<Route, "method" | "path">[] = ROUTES;

export const UNKNOWN_PATH =
  "There is no such path. Use POST /v1/chat/completions, /v1/responses, /v1/embeddings, /v1/messages or /v1/messages/count_tokens, or GET /v1/models.";

/** The route of a request; the query is no part of it, and nothing else about the path is forgiven. */
export function findRoute(method: string, url: string): Route | null {
  const path = url.split("?", 1)[0];
  return ROUTES.find((route) => route.method === method && route.path === path) ?? null;
}

/** Whose way of saying errors the caller understands, also on paths that lead nowhere, and on `/v1/models`, which both SDKs have. */
export const apiOf = (url: string, headers: IncomingHttpHeaders = {}): ApiType =>
  url.startsWith("/v1/messages") || headers["anthropic-version"] !== undefined ? "anthropic" : "openai";

export interface ResolvedModel {
  provider: Provider;
  /** The name the provider gets. */
  upstream: string;
  /** `provider/model`. */
  model: string;
}

type Resolution =
  | { ok: true; value: ResolvedModel }
  | { ok: false; code: "model_not_granted"; model: string; message: string; because: string }
  | { ok: false; code: "provider_missing" | "wrong_api"; model: string; message: string; because?: never };

/** Characters of model names as the providers write them, and nothing that could mean something in a header or a log. */
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$/;

/** A name goes on record and to providers, so a run token in its place is none. */
export const isModelName = (text: unknown): text is string =>
  typeof text === "string" && MODEL_NAME.test(text) && withoutRunTokens(text) === text;

/** What `asked` (see `isModelName`) means on `route` for a caller that may use `models`. */
export function resolveModel(
  providers: readonly Provider[],
  { kind, models }: Pick<Caller, "kind" | "models">,
  route: Pick<Route, "api" | "path">,
  asked: string,
): Resolution {
  const { provider, upstream, model } = locate(providers, route.api, asked);
  const narrowest = models.find(({ names }) => !isGranted(names, model));
  if (narrowest !== undefined) {
    const message =
      kind === "program"
        ? `The model "${model}" is not granted to this run. ${grantText(models)}`
        : `The model "${model}" is not open to this token. GET /v1/models lists what is; ${DECIDERS[narrowest.holder]}.`;
    return { ok: false, code: "model_not_granted", model, message, because: narrowest.source };
  }
  if (provider === undefined || upstream === "") {
    const message = `No provider for "${model}" is set up. The gateway's administrator does that in security.apiKeys or models.providers.`;
    return { ok: false, code: "provider_missing", model, message };
  }
  const speaksAnother = provider.type !== route.api;
  if (speaksAnother && !(kind === "client" && translatorFor(route.path, provider.type) !== null)) {
    const paths = provider.type === "anthropic" ? "/v1/messages" : "/v1/chat/completions or /v1/responses";
    const message = `"${model}" is reached through ${paths}: ${route.path} speaks another API, and is not translated here.`;
    return { ok: false, code: "wrong_api", model, message };
  }
  return { ok: true, value: { provider, upstream, model } };
}

/** A name that starts with a provider's is that provider's; any other is a bare one of the first provider with this API. */
function locate(
  providers: readonly Provider[],
  api: ApiType,
  asked: string,
): { provider: Provider | undefined; upstream: string; model: string } {
  const slash = asked.indexOf("/");
  const named = slash < 0 ? undefined : providers.find(({ name }) => name === asked.slice(0, slash));
  if (named !== undefined) {
    return { provider: named, upstream: asked.slice(slash + 1), model: asked };
  }
  const usual = providers.find(({ type }) => type === api);
  return slash < 0 && usual !== undefined
    ? { provider: usual, upstream: asked, model: `${usual.name}/${asked}` }
    : { provider: undefined, upstream: asked, model: asked };
}

/** Who can open a model that a list leaves out. */
const DECIDERS: Readonly<Record<ModelList["holder"], string>> = {
  role: "the gateway's administrator decides in models.access",
  token: "the token's own list leaves it out, so it takes another token",
  run: "the run's profile or agent decides",
};

/** Whether every list covers `model`. */
export const mayUse = (lists: readonly ModelList[], model: string): boolean =>
  lists.every(({ names }) => isGranted(names, model));

/** One list that covers what all of them cover. */
export const modelsOfAll = (lists: readonly ModelList[]): readonly string[] =>
  lists.map(({ names }) => names).reduce(commonModels, EVERY_MODEL);

function grantText(lists: readonly ModelList[]): string {
  const granted = modelsOfAll(lists);
  return granted.length === 0 ? "It has none." : `It may use: ${namesShown(granted)}.`;
}

/** The granted models as a list that both SDKs read. A beginning such as `openai/*` is no name and is left out. */
export function modelList(granted: readonly string[]) {
  const names = granted.filter((entry) => !entry.endsWith("*"));
  const data = names.map((id) => ({
    id,
    object: "model",
    type: "model",
    created: 0,
    created_at: "1970-01-01T00:00:00Z",
    display_name: id,
    owned_by: id.slice(0, Math.max(0, id.indexOf("/"))),
  }));
  return { object: "list", data, has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null };
}
