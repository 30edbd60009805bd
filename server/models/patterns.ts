/**
 * Lists of models: names (`provider/model`), beginnings that end in `*` (`openai/*`), or `*` for every model. No entry covers more than it
 * says, and an empty list covers nothing. Pure, browser-safe.
 */

/** The list that narrows nothing. */
export const EVERY_MODEL: readonly string[] = ["*"];

/** Whether a list covers `asked`: a model's name, or all that a beginning with `*` stands for. Names hold no `*`. */
export function isGranted(granted: readonly string[], asked: string): boolean {
  return granted.some((entry) => (entry.endsWith("*") ? asked.startsWith(entry.slice(0, -1)) : entry === asked));
}

/** The list that covers exactly what both cover: of two beginnings that meet, one begins with the other. */
export function commonModels(one: readonly string[], other: readonly string[]): readonly string[] {
  const common = [...one.filter((entry) => isGranted(other, entry)), ...other.filter((entry) => isGranted(one, entry))];
  return [...new Set(common)];
}

/** Whether a list narrows nothing. */
export const coversEveryModel = (list: readonly string[]): boolean => list.includes("*");

/** A list as people and programs see it: null = it narrows nothing. */
export const shownModels = (list: readonly string[]): string[] | null => (coversEveryModel(list) ? null : [...list]);
