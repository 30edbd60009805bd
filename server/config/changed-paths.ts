/** What differs between two configurations, by name: for the record, which must not hold values. Pure. */
import { formatPath } from "#server/config/path.ts";

/** Paths named; more are told as one `…`. */
const MAX_PATHS = 50;

/** Paths of the keys whose values differ, in the order of the schema. A list counts as one value. */
export function changedPaths(before: unknown, after: unknown): string[] {
  const paths = changedSteps(before, after).map(formatPath);
  return paths.length > MAX_PATHS ? [...paths.slice(0, MAX_PATHS), "…"] : paths;
}

/** The same as steps, all of them. */
export const changedSteps = (before: unknown, after: unknown): string[][] => [...differences(before, after, [])];

function* differences(before: unknown, after: unknown, path: readonly string[]): Generator<string[]> {
  if (!isSection(before) || !isSection(after)) {
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      yield [...path];
    }
    return;
  }
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    yield* differences(before[key], after[key], [...path, key]);
  }
}

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
