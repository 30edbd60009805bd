/** Adding and removing parts of a search's text. Pure. */
import { formatTerms, parseTerms, type Qualifier, type Term } from "#server/audit/policy.ts";

const termsOf = (q: string): Term[] => parseTerms(q).terms.map(({ qualifier, value }) => ({ qualifier, value }));

export const hasTerm = (q: string, { qualifier, value }: Term): boolean =>
  termsOf(q).some((term) => term.qualifier === qualifier && term.value === value);

/** The text with this term instead of any other of its qualifier. What was no term before is left out. */
export const withTerm = (q: string, term: Term): string =>
  formatTerms([...termsOf(q).filter(({ qualifier }) => qualifier !== term.qualifier), term]);

export const withoutQualifier = (q: string, qualifier: Qualifier): string =>
  formatTerms(termsOf(q).filter((term) => term.qualifier !== qualifier));

export const toggleTerm = (q: string, term: Term): string =>
  hasTerm(q, term) ? withoutQualifier(q, term.qualifier) : withTerm(q, term);
