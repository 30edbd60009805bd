/** The body of a call of a model: larger than a message, as pictures travel in it, so what all of them together take is bounded. */
import { AppError } from "#server/core/errors.ts";
import { createBodyRoom } from "#server/gateway/body-room.ts";
import type { Incoming } from "#server/gateway/exchange.ts";
import { ModelRefusal } from "#server/models/index.ts";

const MAX_BYTES = 32 * 1024 * 1024;
/** A body up to this size needs no room, and need not say its length. */
const SMALL_BYTES = 1024 * 1024;
/** Of all larger bodies at one time; each takes several times its length until its call has ended. */
const ROOM_BYTES = 64 * 1024 * 1024;
const RETRY_SECONDS = 2;

const room = createBodyRoom(ROOM_BYTES);
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Runs `work` with the body, and holds room for it until it ends. @throws ModelRefusal (400), AppError PAYLOAD_TOO_LARGE, TIMEOUT, BUSY */
export async function withModelBody(
  incoming: Incoming,
  work: (body: { text: string; bytes: number }) => Promise<void>,
): Promise<void> {
  const length = Number(incoming.header("content-length") ?? 0);
  const isSmall = !(length > SMALL_BYTES);
  const giveBack = isSmall || length > MAX_BYTES ? null : room.take(length);
  if (giveBack === null && !isSmall && length <= MAX_BYTES) {
    throw new AppError("BUSY", "Too many large requests are under way. Send it again in a moment.", {
      retryAfterSeconds: RETRY_SECONDS,
    });
  }
  try {
    const raw = await incoming.readBody(isSmall ? SMALL_BYTES : Math.min(length, MAX_BYTES));
    await work({ text: textOf(raw), bytes: raw.length });
  } finally {
    giveBack?.();
  }
}

function textOf(raw: Buffer): string {
  try {
    return utf8.decode(raw);
  } catch {
    throw new ModelRefusal(400, "invalid_request", "The body must be a JSON object in UTF-8.");
  }
}
