/**
 * What an agent is given of an earlier conversation, and how much of it is kept. Pure. What was said is data: it travels as JSON in fields of
 * its own and is never built into the question.
 */
import type { Turn } from "#server/sandbox/schema.ts";

/** Characters of all earlier turns that go with one question. */
export const MAX_HISTORY_CHARACTERS = 64 * 1024;
/** Characters that are kept of one question or answer, so that one of them cannot crowd out all others. */
export const MAX_TURN_CHARACTERS = 16 * 1024;
/** How long turns are kept whose agent remembers no more (milliseconds). */
export const RETENTION_OF_OTHERS_MS = 30 * 24 * 60 * 60_000;

const CUT = "\n[cut]";

/** One question that was answered. */
export interface Exchange {
  user: string;
  assistant: string;
}

/**
 * The turns that go with a question, oldest first: whole exchanges, the newest of them without a gap, as far as there is room.
 * @param newestFirst at most as many as the agent may have
 */
export function chooseTurns(newestFirst: readonly Exchange[]): Turn[] {
  const chosen: Turn[][] = [];
  let room = MAX_HISTORY_CHARACTERS;
  for (const { user, assistant } of newestFirst) {
    room -= user.length + assistant.length;
    if (room < 0) {
      break;
    }
    chosen.unshift([
      { role: "user", content: user },
      { role: "assistant", content: assistant },
    ]);
  }
  return chosen.flat();
}

/** What is kept of a text: its beginning when it is long; never half of a character. */
export function keptText(text: string): string {
  if (text.length <= MAX_TURN_CHARACTERS) {
    return text;
  }
  const end = MAX_TURN_CHARACTERS - CUT.length;
  const isHalf = /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
  return text.slice(0, isHalf ? end - 1 : end) + CUT;
}
