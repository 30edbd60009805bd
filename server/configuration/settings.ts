/** Every setting that is in force: its value, where that comes from, and what it means. */
import {
  CONFIG_KEYS,
  entryAt,
  formatPath,
  needsRestart,
  placesIn,
  readConfigFile,
  type LoadedConfig,
} from "#server/config/index.ts";
import { shown, written } from "#server/configuration/changes.ts";
import type { EffectiveSettings } from "#server/configuration/schema.ts";

/** A file with thousands of users is looked at in the editor. */
const MAX_SETTINGS = 3_000;

/** In the order of the schema; optional ones without a value included, so that they can be found. */
export function effectiveSettings(file: string, { config }: Pick<LoadedConfig, "config">): EffectiveSettings {
  const lines = new Map(placesIn(readConfigFile(file) ?? "").map(({ steps, line }) => [formatPath(steps), line]));
  const found = new Map<string, EffectiveSettings["settings"][number]>();
  const add = (steps: readonly string[], value: string | null): void => {
    const path = formatPath(steps);
    const entry = entryAt(steps);
    if (entry !== undefined && !found.has(path)) {
      found.set(path, {
        path,
        value,
        line: lines.get(path) ?? null,
        description: entry.description,
        type: entry.type,
        restart: needsRestart(steps),
      });
    }
  };
  for (const { steps, value } of leavesOf(written(config), [])) {
    add(steps, shown(value));
  }
  for (const { path, children } of CONFIG_KEYS) {
    if (children === undefined && path.length > 0 && !path.includes("*")) {
      add(path, null);
    }
  }
  const order = new Map(CONFIG_KEYS.map((entry, index) => [entry, index]));
  const rank = (path: string): number => {
    const entry = entryAt(path.split("."));
    return (entry === undefined ? undefined : order.get(entry)) ?? Number.MAX_SAFE_INTEGER;
  };
  const settings = [...found.values()].map((setting) => ({ setting, at: rank(setting.path) }));
  settings.sort((a, b) => a.at - b.at);
  return { file, settings: settings.slice(0, MAX_SETTINGS).map(({ setting }) => setting) };
}

/** Lists, and objects that are values of their own, count as one. */
function leavesOf(value: unknown, steps: readonly string[]): { steps: string[]; value: unknown }[] {
  const isSection = typeof value === "object" && value !== null && !Array.isArray(value);
  return isSection && (Object.keys(value).length > 0 || entryAt(steps)?.children !== undefined)
    ? Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...steps, key]))
    : [{ steps: [...steps], value }];
}
