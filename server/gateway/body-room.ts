/**
 * Room in memory for large bodies. Threat: a few callers, each within its own limit, who together fill the process's memory.
 * Small bodies need no room; a large one has to say its length, and waits for nobody: without room it is refused at once.
 */
import { AppError } from "#server/core/errors.ts";
import type { Incoming } from "#server/gateway/exchange.ts";
import { MAX_BODY_BYTES, MAX_BODY_BYTES_WITH_FILES } from "#server/gateway/schema.ts";

/** Bytes of all large bodies that are read or worked on at one time; each takes several times its length until its files are stored. */
export const ROOM_BYTES = 64 * 1024 * 1024;
const RETRY_SECONDS = 2;

export interface BodyRoom {
  /** Takes room until the answer is called; further calls do nothing. Null = there is not enough. */
  take(bytes: number): (() => void) | null;
}

export function createBodyRoom(total: number): BodyRoom {
  let free = total;
  return {
    take(bytes) {
      if (bytes > free) {
        return null;
      }
      free -= bytes;
      let held = bytes;
      return () => {
        free += held;
        held = 0;
      };
    },
  };
}

/** One for the process: all requests share its memory. */
const room = createBodyRoom(ROOM_BYTES);

/**
 * Runs `work` with the number of bytes it may read, and holds room for them until it ends.
 * @throws AppError BUSY
 */
export async function withBodyRoom<T>(
  incoming: Pick<Incoming, "header">,
  work: (limitBytes: number) => Promise<T>,
): Promise<T> {
  const bytes = Number(incoming.header("content-length") ?? 0);
  if (!(bytes > MAX_BODY_BYTES)) {
    return await work(MAX_BODY_BYTES);
  }
  if (bytes > MAX_BODY_BYTES_WITH_FILES) {
    // Refused by its length, before anything is read.
    return await work(MAX_BODY_BYTES_WITH_FILES);
  }
  const giveBack = room.take(bytes);
  if (giveBack === null) {
    throw new AppError("BUSY", "Too many large bodies are under way. Send it again in a moment.", {
      retryAfterSeconds: RETRY_SECONDS,
    });
  }
  try {
    return await work(bytes);
  } finally {
    giveBack();
  }
}
