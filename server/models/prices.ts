/** What a call costs. Pure. Money is counted in whole billionths of a US dollar, so that sums are exact. */
import { PRICE_TABLE } from "#server/models/price-table.ts";

/** US dollars for a million tokens. */
export interface Price {
  input: number;
  output: number;
  /** Unset: as `input`. */
  cacheRead?: number | undefined;
  cacheWrite?: number | undefined;
}

type PriceList = Readonly<Record<string, Price>>;

/** Billionths of a dollar for one token. */
const NANO_PER_TOKEN = 1_000;
export const NANO_PER_DOLLAR = 1_000_000_000;

/** The price of `provider/model`; null = not known. What is configured wins over the table, a name over a beginning, a longer one over a shorter. */
export function priceOf(configured: PriceList, model: string): Price | null {
  return priceIn(configured, model) ?? priceIn(PRICE_TABLE, model);
}

function priceIn(list: PriceList, model: string): Price | null {
  if (Object.hasOwn(list, model)) {
    return list[model] ?? null;
  }
  return beginningsOf(list).find(({ beginning }) => model.startsWith(beginning))?.price ?? null;
}

interface Beginning {
  beginning: string;
  price: Price;
}

/** Lists are as old as the configuration they stand in, and each call asks. */
const beginnings = new WeakMap<PriceList, readonly Beginning[]>();

/** The entries that stand for many names, longest first. */
function beginningsOf(list: PriceList): readonly Beginning[] {
  let found = beginnings.get(list);
  if (found === undefined) {
    found = Object.entries(list)
      .flatMap(([name, price]) => (name.endsWith("*") ? [{ beginning: name.slice(0, -1), price }] : []))
      .sort((one, other) => other.beginning.length - one.beginning.length);
    beginnings.set(list, found);
  }
  return found;
}

/** Tokens of a call. Those of the cache are part of `input`. */
export interface PricedTokens {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

/** Billionths of a dollar, rounded up; null = no price is known. */
export function costNano(price: Price | null, { input, output, cacheRead, cacheWrite }: PricedTokens): number | null {
  if (price === null) {
    return null;
  }
  const plain = Math.max(0, input - cacheRead - cacheWrite);
  const dollars =
    plain * price.input +
    cacheRead * (price.cacheRead ?? price.input) +
    cacheWrite * (price.cacheWrite ?? price.input) +
    output * price.output;
  return roundUp(dollars * NANO_PER_TOKEN);
}

/** Billionths of a dollar that one token of input can cost at most, and one of output. */
export function dearest(prices: readonly Price[]): { input: number; output: number } {
  const input = prices.map((price) => Math.max(price.input, price.cacheWrite ?? 0));
  return {
    input: Math.max(0, ...input) * NANO_PER_TOKEN,
    output: Math.max(0, ...prices.map((price) => price.output)) * NANO_PER_TOKEN,
  };
}

/** Up, but not for what only the arithmetic of fractions adds. */
const roundUp = (value: number): number => (Number.isInteger(value) ? value : Math.ceil(Number(value.toFixed(6))));
