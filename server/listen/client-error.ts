/**
 * Bytes that are no request, or too many or too slow to become one: one clear answer, one line in the record, and the end of the connection,
 * so that nothing behind them is ever taken for a request of its own (request smuggling).
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { normaliseAddress } from "#server/core/http/address.ts";
import { answerOnSocket, recordDoorRefusal, type RefusalAnswer } from "#server/listen/refusal.ts";
import type { ListenServices } from "#server/listen/services.ts";

const ANSWERS: Readonly<Record<string, RefusalAnswer>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: "headers_too_large",
    message: "The headers are larger than 16 KiB. Send less.",
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    code: "payload_too_large",
    message: "The chunk extensions are larger than 16 KiB. Send none.",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: "timeout",
    message: "The request did not arrive in time. Send it again without a pause.",
  },
};

const MALFORMED: RefusalAnswer = {
  status: 400,
  code: "invalid_input",
  message: "This is not a well-formed HTTP request. The connection is closed.",
};

export interface ClientErrors {
  /** Notes the response to a request that has begun. */
  answering(socket: Socket, response: ServerResponse): void;
  /** Notes that what was read so far belongs to the TLS handshake. */
  handshakeDone(socket: Socket): void;
  handle(error: NodeJS.ErrnoException, socket: Socket): void;
}

export function createClientErrors(services: Pick<ListenServices, "refusals" | "log" | "web">): ClientErrors {
  /** The response to the last request of a connection, and the one before it, which may still be under way. */
  const latest = new WeakMap<Socket, { response: ServerResponse; before: ServerResponse | undefined }>();
  const handshakeBytes = new WeakMap<Socket, number>();
  const ended = new WeakSet<Socket>();

  function handle({ code = "" }: NodeJS.ErrnoException, socket: Socket): void {
    // The parser reports again for what still arrives.
    if (ended.has(socket)) {
      return;
    }
    ended.add(socket);
    // Said nothing at all: a browser that connects ahead of time, or someone who left.
    const isSilent = socket.bytesRead <= (handshakeBytes.get(socket) ?? 0);
    const isBroken = code === "HPE_INVALID_EOF_STATE" || !(code.startsWith("HPE_") || code in ANSWERS);
    if (isSilent || isBroken) {
      socket.destroy();
      return;
    }
    void refuse(code, socket);
  }

  async function refuse(code: string, socket: Socket): Promise<void> {
    const refusal = {
      event: "network.bad_request",
      reason: code.toLowerCase(),
      address: normaliseAddress(socket.remoteAddress ?? "unknown"),
      ...(ANSWERS[code] ?? MALFORMED),
    } as const;
    const { response, before } = latest.get(socket) ?? {};
    const isInBody = response?.req.complete === false;
    if (isInBody && response.headersSent) {
      // A second answer to one request would be taken for that of the next.
      socket.destroy();
      await recordDoorRefusal(services, refusal);
      return;
    }
    // Requests that came whole before the fault keep their answers.
    await finished(isInBody ? before : response);
    await answerOnSocket(services, socket, refusal);
  }

  return {
    answering: (socket, response) => void latest.set(socket, { response, before: latest.get(socket)?.response }),
    handshakeDone: (socket) => void handshakeBytes.set(socket, socket.bytesRead),
    handle,
  };
}

async function finished(response: ServerResponse | undefined): Promise<void> {
  if (response !== undefined && !response.writableFinished && !response.destroyed) {
    await new Promise((resolve) => response.once("close", resolve));
  }
}
