/**
 * What models cost where nothing else is configured: US dollars for a million tokens, plain text, the providers' usual tier, without
 * discounts for batches and without surcharges for very long inputs.
 * Sources: platform.claude.com/docs/en/about-claude/pricing · openai.com/api/pricing · ai.google.dev/gemini-api/docs/pricing
 */
import type { Price } from "#server/models/prices.ts";

/** When the pages above were last compared with this table. */
export const PRICES_AS_OF = "2026-01-24";

const claude = (input: number, output: number): Price => ({
  input,
  output,
  // Reads from the cache cost a tenth, writes to it (for five minutes) a quarter more than plain input.
  cacheRead: input * 0.1,
  cacheWrite: input * 1.25,
});
const openai = (input: number, output: number, cacheRead = input): Price => ({ input, output, cacheRead });

/** By `provider/model`, or a beginning with `*` for a name that providers date. */
export const PRICE_TABLE: Readonly<Record<string, Price>> = {
  "anthropic/claude-opus-4-5*": claude(5, 25),
  "anthropic/claude-sonnet-4-5*": claude(3, 15),
  "anthropic/claude-haiku-4-5*": claude(1, 5),
  "anthropic/claude-opus-4-1*": claude(15, 75),
  "anthropic/claude-3-5-haiku*": claude(0.8, 4),
  "openai/gpt-5": openai(1.25, 10, 0.125),
  "openai/gpt-5-mini": openai(0.25, 2, 0.025),
  "openai/gpt-5-nano": openai(0.05, 0.4, 0.005),
  "openai/gpt-4.1": openai(2, 8, 0.5),
  "openai/gpt-4.1-mini": openai(0.4, 1.6, 0.1),
  "openai/gpt-4.1-nano": openai(0.1, 0.4, 0.025),
  "openai/gpt-4o": openai(2.5, 10, 1.25),
  "openai/gpt-4o-mini": openai(0.15, 0.6, 0.075),
  "openai/o3": openai(2, 8, 0.5),
  "openai/o4-mini": openai(1.1, 4.4, 0.275),
  "openai/text-embedding-3-small": openai(0.02, 0),
  "openai/text-embedding-3-large": openai(0.13, 0),
  "google/gemini-2.5-pro": openai(1.25, 10),
  "google/gemini-2.5-flash": openai(0.3, 2.5),
  "google/gemini-2.5-flash-lite": openai(0.1, 0.4),
};
