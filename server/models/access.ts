/** Which models a caller may use. Pure. */
import { EVERY_MODEL } from "#server/models/patterns.ts";

/** As in `models.access`: by role, names or beginnings that end in `*`; `*` as the role stands for every other. */
export type ModelAccess = Readonly<Record<string, readonly string[]>> | undefined;

/** One of the lists that narrow what a caller may use. */
export interface ModelList {
  /** `run`: what the profile or the agent of a run grants. */
  holder: "role" | "token" | "run";
  /** Where the list stands, for the record: a path of the configuration, or whose it is. */
  source: string;
  names: readonly string[];
}

const OPEN: ModelList = { holder: "role", source: "models.access", names: EVERY_MODEL };

/** The models of a role. Without a list everything that is set up is open; with one, who is not in it has nothing. */
export function modelsOfRole(access: ModelAccess, role: string): ModelList {
  if (access === undefined) {
    return OPEN;
  }
  const entry = Object.hasOwn(access, role) ? role : "*";
  const names = Object.hasOwn(access, entry) ? access[entry] : undefined;
  return names === undefined
    ? { holder: "role", source: "models.access", names: [] }
    : { holder: "role", source: `models.access.${entry}`, names };
}

/** The list that a token carries itself. A token that is not known (any more) opens nothing. */
export const modelsOfToken = (tokenId: string, names: readonly string[] | undefined): ModelList => ({
  holder: "token",
  source: `token "${tokenId}", models`,
  names: names ?? [],
});
