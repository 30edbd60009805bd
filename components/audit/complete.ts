/** What could be meant at the cursor of a search: qualifiers first, then values of the one that was begun. Pure. */
import {
  ACTOR_TYPES,
  AUDIT_EVENTS,
  formatTerm,
  isQualifier,
  KINDS,
  OUTCOMES,
  QUALIFIERS,
  SEVERITIES,
  wordsOf,
  type Qualifier,
} from "#server/audit/policy.ts";

export interface Completion {
  /** What is chosen: `outcome:` or `outcome:denied`. */
  label: string;
  hint: string;
  /** The whole text once it is chosen, and where the cursor stands then. */
  text: string;
  caret: number;
}

const MOST = 10;

/** Values that are known for each qualifier, most wanted first; those found in the record come from the facets. */
const FIXED: Partial<Record<Qualifier, readonly string[]>> = {
  event: Object.keys(AUDIT_EVENTS),
  kind: KINDS,
  outcome: OUTCOMES,
  severity: SEVERITIES,
  actor: ACTOR_TYPES,
  since: ["15m", "1h", "24h", "7d", "30d"],
};

export function completionsAt(
  text: string,
  caret: number,
  found: (qualifier: Qualifier) => readonly string[],
): Completion[] {
  const word = wordsOf(text).find(({ start, end }) => start <= caret && caret <= end);
  const start = word?.start ?? caret;
  const end = word?.end ?? caret;
  const put = (label: string, hint: string, space: string): Completion => {
    const before = text.slice(0, start);
    return {
      label,
      hint,
      text: `${before}${label}${space}${text.slice(end).trimStart()}`,
      caret: before.length + label.length + space.length,
    };
  };
  const name = word?.name?.toLowerCase() ?? null;
  if (name !== null && isQualifier(name)) {
    const begun = (word?.value ?? "").toLowerCase();
    const values = [...new Set([...found(name), ...(FIXED[name] ?? [])])];
    return values
      .filter((value) => value.toLowerCase().includes(begun) && value !== word?.value)
      .sort((a, b) => Number(b.toLowerCase().startsWith(begun)) - Number(a.toLowerCase().startsWith(begun)))
      .slice(0, MOST)
      .map((value) => put(formatTerm({ qualifier: name, value }), "", " "));
  }
  const begun = (word?.value ?? "").toLowerCase();
  return Object.entries(QUALIFIERS)
    .filter(([qualifier]) => qualifier.startsWith(begun))
    .map(([qualifier, hint]) => put(`${qualifier}:`, hint, ""));
}
