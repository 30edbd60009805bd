/**
 * Units of the configuration as people write them and as the code uses them. Pure; every `parse` has the `format` that undoes it.
 * A parser answers undefined for text it does not understand: the schema turns that into a message.
 */
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const DURATION_UNITS: readonly (readonly [name: string, ms: number])[] = [
  ["w", 7 * DAY],
  ["d", DAY],
  ["h", HOUR],
  ["m", MINUTE],
  ["s", SECOND],
  ["ms", 1],
];

/** `"24h"`, `"1.5h"`, `"500ms"` or a number of milliseconds → whole milliseconds. */
export function parseDuration(written: string | number): number | undefined {
  if (typeof written === "number") {
    return Number.isSafeInteger(written) && written >= 0 ? written : undefined;
  }
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?(ms|s|m|h|d|w)$/i.exec(written.trim());
  const unit = DURATION_UNITS.find(([name]) => name === match?.[2]?.toLowerCase());
  return unit === undefined ? undefined : safeWhole(Number(match?.[1]) * unit[1]);
}

/** Exact text in the largest unit, up to days, that divides the value. */
export function formatDuration(ms: number): string {
  const unit = ms === 0 ? undefined : DURATION_UNITS.find(([name, size]) => name !== "w" && ms % size === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}

const SIZE_UNITS: readonly (readonly [name: string, bytes: number])[] = [
  ["t", 1024 ** 4],
  ["g", 1024 ** 3],
  ["m", 1024 ** 2],
  ["k", 1024],
  ["b", 1],
];

/** `"512m"`, `"1g"`, `"10MB"`, `"10MiB"` or a number of bytes → whole bytes. Powers of 1024 throughout, as the Docker command line reads them. */
export function parseSize(written: string | number): number | undefined {
  if (typeof written === "number") {
    return Number.isSafeInteger(written) && written >= 0 ? written : undefined;
  }
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?(b|[kmgt](?:i?b)?)$/i.exec(written.trim());
  const unit = SIZE_UNITS.find(([name]) => name === match?.[2]?.charAt(0).toLowerCase());
  return unit === undefined ? undefined : safeWhole(Number(match?.[1]) * unit[1]);
}

export function formatSize(bytes: number): string {
  const unit = bytes === 0 ? undefined : SIZE_UNITS.find(([, size]) => bytes % size === 0);
  return unit === undefined ? `${bytes}b` : `${bytes / unit[1]}${unit[0]}`;
}

/** `"0.5"` or `0.5` → number of processor cores. */
export function parseCores(written: string | number): number | undefined {
  const cores =
    typeof written === "number" ? written : /^\d{1,4}(?:\.\d{1,3})?$/.test(written.trim()) ? Number(written) : NaN;
  return Number.isFinite(cores) && cores > 0 ? cores : undefined;
}

/** `"600"` or `"0600"` → the file mode 0o600. A bare number is refused: 600 without quotes could mean either base. */
export function parseMode(written: string): number | undefined {
  return /^0?[0-7]{3}$/.test(written) ? Number.parseInt(written, 8) : undefined;
}

export function formatMode(mode: number): string {
  return mode.toString(8).padStart(3, "0");
}

function safeWhole(value: number): number | undefined {
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) && Math.abs(rounded - value) < 1e-6 * Math.max(1, value) ? rounded : undefined;
}
