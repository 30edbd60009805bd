/** How long a new token is to live, as the form offers it. Pure. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LONGEST_DAYS = 3_650;

const PRESETS = [
  { value: "1h", ms: HOUR_MS, label: "1 hour" },
  { value: "24h", ms: DAY_MS, label: "24 hours" },
  { value: "7d", ms: 7 * DAY_MS, label: "7 days" },
  { value: "30d", ms: 30 * DAY_MS, label: "30 days" },
  { value: "90d", ms: 90 * DAY_MS, label: "90 days" },
] as const;

interface LifetimeOption {
  value: string;
  label: string;
}

/** The presets, the configured default among them or before them, a number of days, and never. */
export function lifetimeOptions(defaultMs: number): LifetimeOption[] {
  const known = PRESETS.some(({ ms }) => ms === defaultMs);
  return [
    ...(known ? [] : [{ value: "default", label: `${hoursText(defaultMs)} (default)` }]),
    ...PRESETS.map(({ value, ms, label }) => ({ value, label: ms === defaultMs ? `${label} (default)` : label })),
    { value: "custom", label: "Another number of days" },
    { value: "never", label: "Never expires" },
  ];
}

export const defaultLifetime = (defaultMs: number): string =>
  PRESETS.find(({ ms }) => ms === defaultMs)?.value ?? "default";

/** Milliseconds, null for never, undefined for the configured default; "invalid" for days that are none. */
export function lifetimeMs(value: string, days: string): number | null | undefined | "invalid" {
  if (value === "never") {
    return null;
  }
  if (value === "custom") {
    const count = Number(days);
    return Number.isInteger(count) && count >= 1 && count <= LONGEST_DAYS ? count * DAY_MS : "invalid";
  }
  return PRESETS.find((preset) => preset.value === value)?.ms;
}

function hoursText(ms: number): string {
  return ms % DAY_MS === 0 ? `${ms / DAY_MS} days` : `${Math.round((ms / HOUR_MS) * 10) / 10} hours`;
}
