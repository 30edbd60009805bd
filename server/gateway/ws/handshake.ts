/**
 * The time before the caller of an open connection is known: one frame, one try, few bytes, a few seconds.
 * Threats: guessing over connections that no limit counts (ClawJacked), a second credential or claimed rights that change how the first is
 * judged, memory held by connections that never prove anything.
 */
import type { Duplex } from "node:stream";
import type { RawData } from "ws";
import type { Principal } from "#server/access/schema.ts";
import { SURFACES } from "#server/auth/index.ts";
import { AppError, type AppErrorCode } from "#server/core/errors.ts";
import { recordedError } from "#server/gateway/answer.ts";
import type { Call } from "#server/gateway/exchange.ts";
import { identifyToken } from "#server/gateway/identify.ts";
import { parseJson, validate } from "#server/gateway/read-json.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { AuthFrame, CLOSE, type CloseCode } from "#server/gateway/ws/frames.ts";
import { MAX_UNPROVEN_BYTES } from "#server/gateway/ws/limits.ts";
import type { Link } from "#server/gateway/ws/link.ts";

interface HandshakeFacts {
  link: Link;
  socket: Duplex;
  /** The upgrade that opened the connection. */
  call: Call;
  handshakeMs: number;
  /** Called in the same turn in which the token was found good, so that no frame behind it is lost. */
  proven: (principal: Principal) => void;
}

/** @returns when the caller is known, gone, or refused and on record. */
export function awaitProof(services: GatewayServices, facts: HandshakeFacts): Promise<void> {
  const { link, socket, call, handshakeMs, proven } = facts;
  const over = Promise.withResolvers<void>();
  const deadline = setTimeout(
    () => refuse(rejection("TIMEOUT", `No auth frame within ${handshakeMs / 1000} s.`, "handshake_timeout", call)),
    handshakeMs,
  );
  let refusing = false;
  let bytes = 0;
  // ws bounds one frame, for the whole life of a connection. Before the caller is known all bytes are counted where they arrive, ahead of ws,
  // so that neither fragments nor control frames add up to more.
  const countBytes = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > MAX_UNPROVEN_BYTES) {
      link.stopReading();
      refuse(
        rejection(
          "PAYLOAD_TOO_LARGE",
          `More than ${MAX_UNPROVEN_BYTES} bytes without an auth frame.`,
          "too_large",
          call,
        ),
      );
    }
  };
  socket.prependListener("data", countBytes);
  link.onFrame((data, isBinary) => {
    try {
      const principal = principalOfFrame(services, call, data, isBinary);
      settle();
      over.resolve();
      proven(principal);
    } catch (error) {
      refuse(error);
    }
  });
  void link.closed.then(() => {
    settle();
    if (!refusing) {
      over.resolve();
    }
  });

  function settle(): void {
    clearTimeout(deadline);
    socket.off("data", countBytes);
    link.onFrame(() => undefined);
  }

  /** The one try is over: its record, one error frame, the end. */
  function refuse(error: unknown): void {
    settle();
    refusing = true;
    void recordedError(services, { incoming: call, principal: null }, error).then((known) => {
      link.sendError(known, call.requestId);
      link.close(CLOSE_CODES[known.code] ?? CLOSE.tryAgainLater, known.code.toLowerCase());
      over.resolve();
    });
  }

  return over.promise;
}

const CLOSE_CODES: Partial<Record<AppErrorCode, CloseCode>> = {
  INVALID_INPUT: CLOSE.badRequest,
  UNAUTHENTICATED: CLOSE.unauthenticated,
  LOCKED_OUT: CLOSE.tooMany,
  LOCKED: CLOSE.locked,
  PAYLOAD_TOO_LARGE: CLOSE.tooBig,
  TIMEOUT: CLOSE.timeout,
};

/** @throws Refusal INVALID_INPUT for anything but one auth frame, before its token is looked at; otherwise as `identifyToken`. */
function principalOfFrame(services: GatewayServices, call: Call, data: RawData, isBinary: boolean): Principal {
  let token: string;
  try {
    if (isBinary || !Buffer.isBuffer(data)) {
      throw new AppError("INVALID_INPUT", "The first frame is binary; JSON text is needed.");
    }
    ({ token } = validate(AuthFrame, parseJson(data, "frame"), "frame"));
  } catch (error) {
    throw error instanceof AppError
      ? rejection(
          "INVALID_INPUT",
          `The first frame has to be {"type":"auth","token":"…"}. ${error.message}`,
          "malformed",
          call,
        )
      : error;
  }
  return identifyToken(services, call, token);
}

function rejection(code: AppErrorCode, message: string, reason: string, { address }: Call): Refusal {
  const event = { event: SURFACES.websocket.rejected, reason };
  return new Refusal(code, message, event, { collapseKey: `websocket_${reason}|${address}` });
}
