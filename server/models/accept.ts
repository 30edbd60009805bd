/** Everything that has to hold before a provider hears of a call, the same for whoever calls; what it needs is set aside. */
import type { Config } from "#server/config/schema.ts";
import { randomId } from "#server/core/ids.ts";
import { ModelRefusal } from "#server/models/api-error.ts";
import type { Hold } from "#server/models/budget-room.ts";
import { giveBack, needOf, reserve, USUAL_OUTPUT_TOKENS, withOutputLimit, type Need } from "#server/models/budget.ts";
import { budgetsFor, type AppliedBudget } from "#server/models/budgets.ts";
import type { Caller } from "#server/models/caller.ts";
import { chainOf } from "#server/models/fallback.ts";
import type { JsonObject } from "#server/models/json.ts";
import { providersIn } from "#server/models/policy.ts";
import { dearest, NANO_PER_DOLLAR, priceOf, type Price } from "#server/models/prices.ts";
import { readRequest } from "#server/models/request.ts";
import { resolveModel, type ResolvedModel, type Route } from "#server/models/resolve.ts";
import type { ModelServices } from "#server/models/services.ts";
import { askForUsage } from "#server/models/stream-filter.ts";
import { translatorFor } from "#server/models/translate/index.ts";

/** A route that leads to a provider. */
export type CallRoute = Route & { upstream: string };

/** A model that answers a call, or would if those before it do not. */
export interface Target extends ResolvedModel {
  price: Price | null;
  /** Whether its provider speaks another API than the caller. */
  translated: boolean;
}

/** A call that may be made. */
export interface ModelCall {
  id: string;
  at: Date;
  caller: Caller;
  route: CallRoute;
  /** `provider/model` as it was asked for. */
  asked: string;
  /** In the order in which they are tried; at least one. */
  targets: readonly Target[];
  /** The request, its end bounded where a budget needs that. */
  body: JsonObject;
  /** Size of the caller's request in bytes. */
  bytes: number;
  /** False where a call uses no tokens. */
  usesTokens: boolean;
  /** Those it counts in, as they were when it came. */
  budgets: readonly AppliedBudget[];
  /** Tokens set aside in the run's own budget. */
  reserved: number;
  /** What it holds of budgets of the configuration. */
  holds: readonly Hold[];
}

const NO_HOLDS: readonly Hold[] = [];
const NO_BUDGETS: readonly AppliedBudget[] = [];

/** A call that may be made as soon as there is room for it in every budget. */
export interface PreparedCall extends Omit<ModelCall, "reserved" | "holds"> {
  need: Need;
}

/** Whether the request is one, and its model is there and open to the caller. @throws ModelRefusal */
export function prepareCall(
  services: Pick<ModelServices, "config">,
  caller: Caller,
  route: CallRoute,
  request: { text: string; bytes: number },
): PreparedCall {
  const { config } = services.config.current();
  const { body, model: asked } = readRequest(route.api, request.text, caller.kind);
  const resolved = resolveModel(providersIn(config), caller, route, asked);
  if (!resolved.ok) {
    const status = resolved.code === "wrong_api" ? 400 : 404;
    throw new ModelRefusal(status, resolved.code, resolved.message, resolved.model, { because: resolved.because });
  }
  const need = needOf(route.path, body, request.bytes);
  const usesTokens = need.outputTokens !== 0 || need.inputTokens !== 0;
  const at = new Date();
  return {
    id: randomId("call"),
    at,
    caller,
    route,
    asked: resolved.value.model,
    targets: targetsOf(config, caller, route, resolved.value, body),
    body,
    bytes: request.bytes,
    usesTokens,
    budgets: usesTokens ? budgetsFor(config.models.budgets, caller.payer, at.getTime()) : NO_BUDGETS,
    need,
  };
}

/** The model itself, then those of its fallbacks that the caller may use and that can be asked this. @throws ModelRefusal about the first */
function targetsOf(
  config: Config,
  caller: Caller,
  route: CallRoute,
  first: ResolvedModel,
  body: JsonObject,
): readonly Target[] {
  const toTarget = (model: ResolvedModel): Target => {
    const translated = model.provider.type !== route.api;
    if (translated) {
      // Says what cannot be translated before anything is set aside.
      translatorFor(route.path, model.provider.type)?.request({ ...body, model: model.upstream });
    }
    return { ...model, price: priceOf(config.models.prices, model.model), translated };
  };
  const others = chainOf(first.model, config.models.fallback).slice(1);
  if (others.length === 0) {
    return [toTarget(first)];
  }
  return [
    toTarget(first),
    ...others.flatMap((name): Target[] => {
      const found = resolveModel(providersIn(config), caller, route, name);
      try {
        return found.ok ? [toTarget(found.value)] : [];
      } catch (error) {
        if (error instanceof ModelRefusal) {
          return [];
        }
        throw error;
      }
    }),
  ];
}

/** Sets aside what the call needs. @throws ModelRefusal when a budget has no room for it. */
export async function reserveCall(services: ModelServices, prepared: PreparedCall): Promise<ModelCall> {
  const { id, at, caller, route, asked, bytes, usesTokens, budgets } = prepared;
  const targets = affordable(prepared);
  const { reserved, holds, outputTokens } = await setAside(services, prepared, targets);
  const body = outputTokens === null ? prepared.body : withOutputLimit(route.path, prepared.body, outputTokens);
  return { id, at, caller, route, asked, targets, body, bytes, usesTokens, budgets, reserved, holds };
}

/** Without fallbacks whose price is not known, where a budget in money needs it; of the first model that is a reason to refuse. */
function affordable({ targets, budgets }: PreparedCall): readonly Target[] {
  const isStrict = budgets.some(({ refusesUnknownPrice }) => refusesUnknownPrice);
  return isStrict ? targets.filter(({ price }, index) => index === 0 || price !== null) : targets;
}

/** Both steps, where nothing lies between them. @throws ModelRefusal */
export const acceptCall = (
  services: ModelServices,
  caller: Caller,
  route: CallRoute,
  request: { text: string; bytes: number },
): Promise<ModelCall> => reserveCall(services, prepareCall(services, caller, route, request));

/** @returns what `ModelCall` says was set aside, and the limit of an answer whose end the caller left open; null = it needs none. */
async function setAside(
  services: ModelServices,
  { caller: { grant }, need, budgets, at }: PreparedCall,
  targets: readonly Target[],
): Promise<Pick<ModelCall, "reserved" | "holds"> & { outputTokens: number | null }> {
  const [{ model }] = targets as readonly [Target];
  let reserved = 0;
  let outputWish = need.outputTokens ?? USUAL_OUTPUT_TOKENS;
  if (grant !== null) {
    const room = await reserve(services.pool, grant, need);
    if (!room.ok) {
      throw exhaustedGrant(room.left, need, model);
    }
    reserved = room.tokens;
    outputWish = need.outputTokens ?? reserved - need.inputTokens;
  }
  if (budgets.length === 0) {
    const outputTokens = need.outputTokens === null && grant !== null ? outputWish : null;
    return { reserved, holds: NO_HOLDS, outputTokens };
  }
  try {
    const room = await takeRoom(services, { targets, budgets, at }, need, outputWish);
    return { reserved, holds: room.holds, outputTokens: need.outputTokens === null ? room.outputTokens : null };
  } catch (error) {
    if (grant !== null) {
      await giveBack(services.pool, grant, reserved);
    }
    throw error;
  }
}

async function takeRoom(
  { models, config }: ModelServices,
  { at, targets, budgets }: Pick<ModelCall, "at" | "targets" | "budgets">,
  need: Need,
  outputWish: number,
): Promise<{ outputTokens: number; holds: readonly Hold[] }> {
  const strict = budgets.find(({ refusesUnknownPrice }) => refusesUnknownPrice);
  const unpriced = targets.find(({ price }) => price === null);
  if (strict !== undefined && unpriced !== undefined) {
    const { source } = strict;
    throw new ModelRefusal(
      403,
      "price_unknown",
      `No price is known for "${unpriced.model}", and the budget ${source} is one in money. The gateway's administrator writes the price in models.prices, or unknownPrice: "allow" in the budget.`,
      unpriced.model,
      { because: source },
    );
  }
  const room = await models.room.take(budgets, {
    inputTokens: need.inputTokens,
    outputWish,
    outputLeast: need.outputTokens ?? 1,
    price: dearest(targets.flatMap(({ price }) => (price === null ? [] : [price]))),
    longestMs: longestCall(config.current().config, targets.length),
  });
  if (!room.ok) {
    throw exhaustedBudget(room.budget, room.left, targets[0]?.model, at);
  }
  return room;
}

/** Milliseconds: every model takes its whole time at every try, with the longest pauses between. */
const longestCall = ({ models: { timeout, retries } }: Config, models: number): number =>
  models * (1 + retries.count) * (timeout + retries.maxDelay);

function exhaustedGrant(left: number, need: Need, model: string): ModelRefusal {
  const wanted =
    need.outputTokens === null
      ? " too few for its input"
      : ` of which this call would take up to ${need.inputTokens + need.outputTokens}`;
  const message = `The run's budget of tokens does not allow this call: ${left} are left,${wanted}. Ask for a shorter answer; the budget itself is set by maxTokens of the sandbox profile or the agent.`;
  return new ModelRefusal(429, "budget_exhausted", message, model);
}

function exhaustedBudget(
  { source, scope, subject, endsAt }: AppliedBudget,
  left: { tokens: number | null; costNano: number | null },
  model: string | undefined,
  now: Date,
): ModelRefusal {
  const parts = [
    ...(left.tokens === null ? [] : [`${left.tokens} tokens`]),
    ...(left.costNano === null ? [] : [`$${(left.costNano / NANO_PER_DOLLAR).toFixed(4)}`]),
  ];
  const message = `The budget of ${scope} "${subject}" does not allow this call: ${parts.join(" and ")} are left until ${endsAt.toISOString()} (${source}). Ask for a shorter answer, or wait for the next period.`;
  const retryAfterSeconds = Math.max(1, Math.ceil((endsAt.getTime() - now.getTime()) / 1000));
  return new ModelRefusal(429, "budget_exhausted", message, model, { because: source, retryAfterSeconds });
}

/** What a target's provider is sent when nothing is translated, and whether the caller must not see the usage that was asked for. */
export function plainBody({ route, body }: ModelCall, target: Target): { body: string; hideUsage: boolean } {
  const asking = askForUsage(route.path, body);
  return { body: JSON.stringify({ ...(asking ?? body), model: target.upstream }), hideUsage: asking !== null };
}
