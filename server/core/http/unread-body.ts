/**
 * A request that is answered before its body was read does not get to send it. Threat: memory and bandwidth spent on whoever has no token.
 * Node would read and throw away all of it to keep the connection usable.
 */
import type { IncomingMessage, ServerResponse } from "node:http";

/** A body declared no larger than this is read and thrown away after all, which keeps the connection. */
const DISCARD_BYTES = 65_536;
/** Otherwise the connection stands still for this long, so that the client sees the answer and not a reset, and ends (milliseconds). */
const LINGER_MS = 500;

/** Call once for each request before it is handled. */
export function leaveUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  response.once("prefinish", () => {
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    // A request without a body is not yet `complete` where it is answered at once.
    if (request.complete || (encoding === undefined && Number(length ?? 0) <= DISCARD_BYTES)) {
      return;
    }
    // Counts as being read, so Node does not drain it; what arrives stops at the stream's own small buffer.
    request.pause();
    request.read();
    const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
    request.socket.once("close", () => clearTimeout(timer));
  });
}
