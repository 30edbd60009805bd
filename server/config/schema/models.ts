/** Parts of `models`: who may call which model over the API, what models cost, and budgets. */
import { z } from "zod";
import { dictionary, duration, name, wholeNumber } from "#server/config/schema/fields.ts";
import { DAY, MINUTE } from "#server/config/units.ts";
import { BUDGET_SCOPES, ModelPattern } from "#server/models/schema.ts";

export const ModelAccess = dictionary(z.array(ModelPattern).max(1000), name())
  .optional()
  .describe(
    'Models that callers with `models:call` may use, by role: names, or beginnings with `*`. `"*"` as the role stands for every role that is not named. Without this section: every model of every provider that is set up; with it, a role that is not covered may use none.',
  );

const dollars = z.number().min(0).max(1_000_000).meta({ type: "US dollars" });

const Price = z.strictObject({
  input: dollars.describe("US dollars for a million tokens sent."),
  output: dollars.prefault(0).describe("US dollars for a million tokens received."),
  cacheRead: dollars
    .optional()
    .describe("US dollars for a million tokens that the provider read from its cache. Unset: as `input`."),
  cacheWrite: dollars
    .optional()
    .describe("US dollars for a million tokens that the provider wrote to its cache. Unset: as `input`."),
});

export const ModelPrices = dictionary(Price, ModelPattern)
  .prefault({})
  .describe(
    "Prices over those that the gateway knows (`openclaw models list` shows them): by `provider/model`, or a beginning with `*`; the longest wins. A model of your own that costs nothing: `{ input: 0 }`.",
  );

const MAX_COST = 1_000_000;

const Budget = z
  .strictObject({
    scope: z.enum(BUDGET_SCOPES).describe("What it is for: each token, user, role or channel counts on its own."),
    name: name()
      .prefault("*")
      .describe("The token (its name), user, role or channel; `*` gives each of them such a budget."),
    period: duration({ min: MINUTE, max: 366 * DAY })
      .prefault("30d")
      .describe("Length of a period. Periods follow each other from 1970-01-01 UTC, so `1d` begins at midnight UTC."),
    maxTokens: wholeNumber({ min: 1, max: 1_000_000_000_000 })
      .optional()
      .describe("Tokens, in and out together, in one period."),
    maxCost: z
      .number()
      .positive()
      .max(MAX_COST)
      .meta({ type: "US dollars" })
      .optional()
      .describe("Cost in US dollars in one period."),
    unknownPrice: z
      .enum(["refuse", "allow"])
      .prefault("refuse")
      .describe("Whether `maxCost` lets models through whose price is not known; they then count as free."),
  })
  .refine(({ maxTokens, maxCost }) => maxTokens !== undefined || maxCost !== undefined, {
    error: "needs maxTokens or maxCost",
  });

export const ModelBudgets = z
  .array(Budget)
  .max(1000)
  .prefault([])
  .describe(
    "Budgets for calls of models, over the API and by agents and programs alike. All that apply must have room.",
  );
