/** Limits as the console shows them. */
import { z } from "zod";
import { LIMIT_SCOPES } from "#server/ratelimit/policy.ts";

const Rule = z.object({
  /** Where it stands in the configuration, or whose record it is. */
  source: z.string(),
  windowMs: z.number(),
  max: z.number(),
  skipSuccessful: z.boolean(),
  skipFailed: z.boolean(),
});

const Counter = Rule.extend({
  key: z.string(),
  scope: z.enum(LIMIT_SCOPES),
  /** Whom it counts; empty = everybody together. */
  subject: z.string(),
  used: z.number(),
  remaining: z.number(),
  /** Milliseconds until a place is free; 0 when one is. */
  retryAfterMs: z.number(),
});

export const LimitStatus = z.object({
  /** Server time. */
  now: z.date(),
  /** False: only restrictions of users are counted. */
  enabled: z.boolean(),
  store: z.enum(["memory", "shared", "lost"]),
  onStoreFailure: z.enum(["deny", "local"]),
  /** The process that answers, whose memory chooses what is listed. */
  server: z.object({ host: z.string(), pid: z.number(), startedAt: z.date() }),
  watched: z.object({ counts: z.number(), capacity: z.number() }),
  rules: z.array(Rule),
  /** Those nearest to their limit first; null while nothing can be counted. */
  counters: z.array(Counter).nullable(),
});

export const LimitExplanation = z.object({
  now: z.date(),
  sender: z.string().nullable(),
  refusal: z.object({ message: z.string(), because: z.string() }).nullable(),
  subject: z.string().nullable(),
  role: z.string().nullable(),
  rules: z.array(Counter),
  /** Source of the rule that would be the first to refuse; null when no rule applies. */
  first: z.string().nullable(),
});

export const CounterInput = z.strictObject({
  source: z.string().min(1).max(400),
  key: z.string().min(1).max(400),
});
export const CounterReset = z.object({ counted: z.boolean() });

export const RefusalsInput = z.strictObject({ before: z.number().int().positive().optional() });
export const RefusalPage = z.object({
  now: z.date(),
  refusals: z.array(
    z.object({
      seq: z.number(),
      at: z.date(),
      actor: z.string(),
      user: z.string().nullable(),
      channel: z.string().nullable(),
      address: z.string().nullable(),
      source: z.string().nullable(),
      key: z.string().nullable(),
      command: z.string().nullable(),
      /** Refusals the record stands for. */
      count: z.number(),
      requestId: z.string().nullable(),
    }),
  ),
  /** `before` of the next page. */
  next: z.number().nullable(),
});

export type LimitStatus = z.infer<typeof LimitStatus>;
export type LimitCounterView = z.infer<typeof Counter>;
export type LimitExplanation = z.infer<typeof LimitExplanation>;
export type RefusalPage = z.infer<typeof RefusalPage>;
