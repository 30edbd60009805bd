/** Words for times and amounts. Pure, so that server and browser render the same text. */

const STEPS = [
  { limitMs: 60_000, unitMs: 1_000, unit: "s" },
  { limitMs: 3_600_000, unitMs: 60_000, unit: "min" },
  { limitMs: 86_400_000, unitMs: 3_600_000, unit: "h" },
  { limitMs: Number.POSITIVE_INFINITY, unitMs: 86_400_000, unit: "d" },
] as const;

/** `12 s`, `3 min`, `5 h`, `2 d`: the largest whole unit, rounded down; negative input counts as zero. */
export function formatAge(ms: number): string {
  const age = Math.max(0, ms);
  const step = STEPS.find(({ limitMs }) => age < limitMs) ?? STEPS[3];
  return `${Math.floor(age / step.unitMs)} ${step.unit}`;
}

/** `5 min ago`, `in 3 d`, `now`. @param ms from now; negative is the past. */
export function formatRelative(ms: number): string {
  if (Math.abs(ms) < 10_000) {
    return "now";
  }
  return ms < 0 ? `${formatAge(-ms)} ago` : `in ${formatAge(ms)}`;
}

/** `1.4 KiB`, `3 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${amount < 10 && power > 0 ? amount.toFixed(1) : Math.round(amount)} ${units[power] ?? "B"}`;
}

/** `840 ms`, `2.4 s`, `3 min 20 s`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) {
    return `${Math.round(ms)} ms`;
  }
  if (ms < 60_000) {
    return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  }
  const seconds = Math.floor(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `2026-03-01 14:05:09 UTC`. */
export function formatUtc(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
