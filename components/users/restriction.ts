/** A user's limit as it is typed: a number of messages and a number of seconds, minutes, hours or days. Pure. */

export const UNITS = [
  { unit: "seconds", ms: 1_000 },
  { unit: "minutes", ms: 60_000 },
  { unit: "hours", ms: 3_600_000 },
  { unit: "days", ms: 86_400_000 },
] as const;
export type Unit = (typeof UNITS)[number]["unit"];

export interface TypedLimit {
  maxMessages: string;
  window: string;
  unit: Unit;
}

interface Restriction {
  maxMessages: number;
  timeWindowMs: number;
}

/** In the largest unit that says it whole. */
export function typedLimit(restriction: Restriction | null): TypedLimit {
  const { maxMessages, timeWindowMs } = restriction ?? { maxMessages: 100, timeWindowMs: 3_600_000 };
  const { unit, ms } = UNITS.findLast((each) => timeWindowMs % each.ms === 0) ?? { unit: "seconds", ms: 1_000 };
  return { maxMessages: String(maxMessages), window: String(timeWindowMs / ms), unit };
}

/** `1 hour`, `90 seconds`: a window as people say it. */
export function windowText(timeWindowMs: number): string {
  const { window, unit } = typedLimit({ maxMessages: 1, timeWindowMs });
  return `${window} ${window === "1" ? unit.slice(0, -1) : unit}`;
}

const whole = (text: string): number => (/^\d{1,10}$/.test(text.trim()) ? Number(text) : Number.NaN);

/** @returns what is wrong, by field, or the limit. */
export function parseLimit(
  typed: TypedLimit,
): { restriction: Restriction } | { maxMessages?: string; window?: string } {
  const maxMessages = whole(typed.maxMessages);
  const timeWindowMs = whole(typed.window) * (UNITS.find(({ unit }) => unit === typed.unit)?.ms ?? 1_000);
  const isMaxGood = maxMessages >= 1 && maxMessages <= 1_000_000_000;
  const isWindowGood = timeWindowMs >= 1_000 && timeWindowMs <= 365 * 86_400_000;
  return isMaxGood && isWindowGood
    ? { restriction: { maxMessages, timeWindowMs } }
    : {
        ...(isMaxGood ? {} : { maxMessages: "A whole number from 1 to 1,000,000,000." }),
        ...(isWindowGood ? {} : { window: "A whole number, from 1 second to 365 days." }),
      };
}
