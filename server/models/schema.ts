/** Words of models that the configuration, the console and the command line share. Browser-safe. */
import { z } from "zod";

/** An entry of a list of models. */
export const ModelPattern = z
  .string()
  .regex(/^(?:\*|[a-z0-9][a-z0-9_-]{0,31}\/(?:[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199})?\*?)$/, {
    error: 'must be "provider/model", or the beginning of such names and a "*", such as "openai/*"',
  })
  .refine((written) => !written.endsWith("/"), { error: "must name a model, or end in a *" })
  .meta({ type: "provider/model, * at the end" });

export const BUDGET_SCOPES = ["token", "user", "role", "channel"] as const;
export type BudgetScope = (typeof BUDGET_SCOPES)[number];

/** What is known of a provider's key; never the key. */
const KEY_STATES = ["present", "missing", "none_needed"] as const;

/** US dollars for a million tokens. */
const Price = z.object({
  input: z.number(),
  output: z.number(),
  cacheRead: z.number().optional(),
  cacheWrite: z.number().optional(),
});

const ProviderView = z.object({
  name: z.string(),
  type: z.enum(["openai", "anthropic"]),
  /** Host and path; it holds no key. */
  baseUrl: z.string(),
  key: z.enum(KEY_STATES),
});
export type ProviderView = z.output<typeof ProviderView>;

const ModelView = z.object({
  /** `provider/model`. */
  name: z.string(),
  price: Price.nullable(),
  fallback: z.array(z.string()),
});
export type ModelView = z.output<typeof ModelView>;

const BudgetView = z.object({
  /** Where it is written. */
  source: z.string(),
  scope: z.enum(BUDGET_SCOPES),
  /** `*` = each of them. */
  name: z.string(),
  periodMs: z.number(),
  maxTokens: z.number().nullable(),
  /** US dollars. */
  maxCost: z.number().nullable(),
  /** Whoever has used or set aside something of it in this period, those nearest to the end first. */
  counts: z.array(
    z.object({
      subject: z.string(),
      /** Name of the token, where it is one's. */
      label: z.string().nullable(),
      endsAt: z.date(),
      usedTokens: z.number(),
      reservedTokens: z.number(),
      /** US dollars. */
      usedCost: z.number(),
      reservedCost: z.number(),
      /** From 0 to 1 and beyond, of what is nearest to its end. */
      share: z.number(),
    }),
  ),
});
export type BudgetView = z.output<typeof BudgetView>;

export const ModelOverview = z.object({
  /** Server time. */
  now: z.date(),
  providers: z.array(ProviderView),
  models: z.array(ModelView),
  /** Age of the built-in prices. */
  pricesAsOf: z.string(),
  budgets: z.array(BudgetView),
  /** Of the last 24 hours, the model with most calls first. */
  lastDay: z.array(
    z.object({
      model: z.string(),
      calls: z.number(),
      failed: z.number(),
      inputTokens: z.number(),
      outputTokens: z.number(),
      /** US dollars, of the calls whose price is known. */
      cost: z.number(),
      /** Calls whose price is not known. */
      unpriced: z.number(),
      /** Median time in milliseconds. */
      medianMs: z.number(),
    }),
  ),
});
export type ModelOverview = z.output<typeof ModelOverview>;

export const CallsInput = z.strictObject({
  limit: z.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).nullish(),
  model: z.string().max(300).optional(),
  /** A token's or user's id, as `subject` or `principalId` shows it. */
  subject: z.string().max(300).optional(),
});
export type CallsInput = z.output<typeof CallsInput>;

export const CallPage = z.object({
  now: z.date(),
  calls: z.array(
    z.object({
      id: z.string(),
      at: z.date(),
      principalId: z.string(),
      subject: z.string(),
      role: z.string(),
      channel: z.string(),
      runId: z.string().nullable(),
      requestId: z.string(),
      asked: z.string(),
      model: z.string(),
      path: z.string(),
      /** `answered`, or why there was no whole answer. */
      ending: z.string(),
      status: z.number().nullable(),
      inputTokens: z.number(),
      outputTokens: z.number(),
      estimated: z.boolean(),
      /** US dollars; null = no price is known. */
      cost: z.number().nullable(),
      wallMs: z.number(),
    }),
  ),
  /** Null = there is no older one. */
  nextCursor: z.string().nullable(),
});
export type CallPage = z.output<typeof CallPage>;
