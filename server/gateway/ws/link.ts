/** One open WebSocket with bounded memory: frames out, the end of it, and how fast the other side reads. */
import type { Duplex } from "node:stream";
import { WebSocket, type RawData } from "ws";
import type { AppError } from "#server/core/errors.ts";
import { newConnectionId } from "#server/core/ids.ts";
import { errorBody } from "#server/gateway/answer.ts";
import { CLOSE, type CloseCode, type ServerFrame } from "#server/gateway/ws/frames.ts";

/** How a connection ended. `why` is the server's reason, or `client_left`. */
export interface LinkEnd {
  code: number;
  why: string;
  received: number;
  sent: number;
}

export interface Link {
  readonly id: string;
  /** Takes every frame from now on, until `close` is called. */
  onFrame(listener: (data: RawData, isBinary: boolean) => void): void;
  /** Frames for a closed connection are dropped; one for a peer that reads too slowly ends the connection. */
  send(frame: ServerFrame): void;
  sendError(error: AppError, requestId: string, id?: string): void;
  /** Resolves when the peer has taken enough of what was sent, or on abort. */
  drained(signal: AbortSignal): Promise<void>;
  /** Says goodbye. @param message for people, at most 123 bytes */
  close(code: CloseCode, why: string, message?: string): void;
  /** Cuts a peer that has not answered since the last call; pings it otherwise. */
  checkAlive(): void;
  /** Reads nothing more. */
  stopReading(): void;
  readonly closed: Promise<LinkEnd>;
}

/** Bytes that may wait for the peer before events of runs are held back. */
const HOLD_ABOVE_BYTES = 1024 * 1024;
/** Bytes that may wait for the peer at all. */
const CUT_ABOVE_BYTES = 4 * 1024 * 1024;

export function openLink(webSocket: WebSocket, socket: Duplex): Link {
  const ending = Promise.withResolvers<LinkEnd>();
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((resume) => resume());
  let onFrame: (data: RawData, isBinary: boolean) => void = () => undefined;
  let received = 0;
  let sent = 0;
  let why = "client_left";
  let alive = true;

  socket.on("drain", wake);
  webSocket.on("message", (data, isBinary) => {
    alive = true;
    if (webSocket.readyState === WebSocket.OPEN) {
      received += 1;
      onFrame(data, isBinary);
    }
  });
  webSocket.on("pong", () => {
    alive = true;
  });
  // Faults of the protocol, a frame that is too large among them: ws has sent the close frame that says so.
  webSocket.on("error", () => {
    why = why === "client_left" ? "protocol_error" : why;
  });
  webSocket.on("close", (code) => {
    ending.resolve({ code, why, received, sent });
  });

  const link: Link = {
    id: newConnectionId(),
    closed: ending.promise,
    onFrame(listener) {
      onFrame = listener;
    },
    send(frame) {
      if (webSocket.readyState !== WebSocket.OPEN) {
        return;
      }
      if (webSocket.bufferedAmount > CUT_ABOVE_BYTES) {
        link.close(CLOSE.tryAgainLater, "slow_reader", "Too much is waiting to be read. Connect again and resume.");
        return;
      }
      sent += 1;
      webSocket.send(JSON.stringify(frame));
    },
    sendError(error, requestId, id) {
      const { error: body } = errorBody(error, requestId);
      const { retryAfterSeconds } = error;
      link.send({
        type: "error",
        ...(id === undefined ? {} : { id }),
        error: { ...body, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) },
      });
    },
    async drained(signal) {
      while (webSocket.bufferedAmount > HOLD_ABOVE_BYTES && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting.add(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
        await promise;
        waiting.delete(resolve);
      }
    },
    close(code, reason, message = "") {
      if (webSocket.readyState !== WebSocket.OPEN) {
        return;
      }
      why = reason;
      webSocket.close(code, message);
    },
    checkAlive() {
      if (!alive) {
        why = "no_pong";
        webSocket.terminate();
        return;
      }
      alive = false;
      webSocket.ping();
    },
    stopReading: () => webSocket.pause(),
  };
  return link;
}
