/** Which models a caller of the API may use. Pure. */

/** As in `models.access`: by role, names or beginnings that end in `*`; `*` as the role stands for every other. */
export type ModelAccess = Readonly<Record<string, readonly string[]>> | undefined;

const EVERY = ["*"] as const;

/** The models of a role. Without a list everything that is set up is open; with one, who is not in it has nothing. */
export function modelsOfRole(access: ModelAccess, role: string): readonly string[] {
  if (access === undefined) {
    return EVERY;
  }
  const entry = Object.hasOwn(access, role) ? role : "*";
  return Object.hasOwn(access, entry) ? (access[entry] ?? []) : [];
}
