/** What a new text would change, setting by setting, values as people write them and secrets masked. Pure. */
import { z } from "zod";
import { changedSteps, formatPath, masked, needsRestart } from "#server/config/index.ts";
import { ConfigSchema, type Config } from "#server/config/schema.ts";
import type { SettingChange } from "#server/configuration/schema.ts";

/** A list of changes is to be read; more are told by the lines of the text. */
const MAX_CHANGES = 300;
const MAX_VALUE = 500;

export function settingChanges(before: Config, after: Config): SettingChange[] {
  const [old, now] = [written(before), written(after)];
  return changedSteps(before, after)
    .slice(0, MAX_CHANGES)
    .map((steps) => {
      const [from, to] = [valueAt(old, steps), valueAt(now, steps)];
      return {
        path: formatPath(steps),
        kind: from === undefined ? "added" : to === undefined ? "removed" : "changed",
        before: shown(from),
        after: shown(to),
        restart: needsRestart(steps),
      };
    });
}

/** Of settings that wait for the next start. */
export const restartPaths = (before: Config, after: Config): string[] =>
  changedSteps(before, after).filter(needsRestart).map(formatPath);

export const written = (config: Config): unknown => masked(z.encode(ConfigSchema, config), []);

function valueAt(value: unknown, steps: readonly (string | number)[]): unknown {
  return steps.reduce<unknown>(
    (inner, step) =>
      typeof inner === "object" && inner !== null && Object.hasOwn(inner, step)
        ? (inner as Record<string | number, unknown>)[step]
        : undefined,
    value,
  );
}

export function shown(value: unknown): string | null {
  if (value === undefined) {
    return null;
  }
  const text = JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}
