/**
 * Room in memory for large deliveries. Threat: nobody has proven anything while a body is read, so whoever opens many connections, each with a
 * signature of the right form, would have the process hold as many bodies.
 */
import { createBodyRoom, type Incoming } from "#server/gateway/index.ts";

/** A body up to this size needs no room: more than the platforms usually send. */
export const SMALL_BYTES = 64 * 1024;
/** Of all larger bodies at one time, until they are stored or refused. */
export const ROOM_BYTES = 32 * 1024 * 1024;

const room = createBodyRoom(ROOM_BYTES);
const nothingHeld = (): void => undefined;

/**
 * @param maxBytes the most that is read; counted where no length is announced
 * @returns gives the room back; null = there is none now
 */
export function takeRoom(incoming: Pick<Incoming, "header">, maxBytes: number): (() => void) | null {
  const announced = incoming.header("content-length");
  const bytes = announced === undefined ? maxBytes : Number(announced);
  // Above the bound nothing is read: it is refused by its length.
  return bytes <= SMALL_BYTES || bytes > maxBytes ? nothingHeld : room.take(bytes);
}
