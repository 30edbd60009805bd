/** What the browser may load of the record: the language of searches and the words it knows. Pure. */
export { AUDIT_EVENTS } from "#server/audit/events.ts";
export { ACTOR_TYPES, OUTCOMES, SEVERITIES } from "#server/audit/schema.ts";
export { isListed } from "#server/audit/selection.ts";
export { KINDS, readQuery } from "#server/audit/search/query.ts";
export {
  formatTerm,
  formatTerms,
  isQualifier,
  parseTerms,
  QUALIFIERS,
  wordsOf,
  type Qualifier,
  type Term,
} from "#server/audit/search/terms.ts";

/** Rows that the console reads at a time. */
export const PAGE_ROWS = 200;
