/** An event in words. Pure. The browser gets the words with the rows, so that it needs no catalogue. */
import { EVENT_TEXTS } from "#server/audit/catalogue/index.ts";
import { spelledOut } from "#server/audit/describe/parts.ts";
import { sentenceOf } from "#server/audit/describe/sentences.ts";
import { TITLES } from "#server/audit/describe/titles.ts";
import { isAuditEvent } from "#server/audit/events.ts";
import type { AuditEntry } from "#server/audit/reading/query.ts";

export interface Described {
  /** A few words: what sort of thing happened. */
  title: string;
  /** What happened, with its names. */
  sentence: string;
}

/** Also for events of another version, which this one has no words for. Never throws. */
export function describeEntry(entry: AuditEntry): Described {
  const { event } = entry;
  return { title: titleOf(event), sentence: sentenceOf(entry) ?? meaningText(event) };
}

export const titleOf = (event: string): string =>
  (isAuditEvent(event) ? TITLES[event] : undefined) ?? spelledOut(event);

/** What an event of this name always means. */
export const meaningText = (event: string): string =>
  isAuditEvent(event) ? EVENT_TEXTS[event].meaning : "An event that this version of the gateway has no words for.";
