/**
 * `GET /ws`: messages and runs over one WebSocket (RFC 6455). Order: gate → proof of who asks → session; each in its own file.
 * Nothing of it is a second pipeline: what a frame asks for goes the way of the same request over HTTP.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Principal } from "#server/access/schema.ts";
import { addressKey } from "#server/core/http/address.ts";
import { endWithAnswer } from "#server/core/http/raw-answer.ts";
import { newRequestId } from "#server/core/ids.ts";
import { UnderWay } from "#server/core/under-way.ts";
import { complete, errorReply, recordedError } from "#server/gateway/answer.ts";
import { json, type Call } from "#server/gateway/exchange.ts";
import { headerOf } from "#server/gateway/node-adapter.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { CLOSE } from "#server/gateway/ws/frames.ts";
import { awaitProof } from "#server/gateway/ws/handshake.ts";
import {
  CLOSE_GRACE_MS,
  createTally,
  DEFAULT_LIMITS,
  MAX_FRAME_BYTES,
  type WebSocketLimits,
} from "#server/gateway/ws/limits.ts";
import { openLink, type Link } from "#server/gateway/ws/link.ts";
import { openSession, type Session } from "#server/gateway/ws/session.ts";
import { admitUpgrade } from "#server/gateway/ws/upgrade-gate.ts";

export interface WebSockets {
  /** @param address the client's, allowed to be here already */
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, address: string) => void;
  /** Refuses new connections, lets requests under way end, closes what is open. Resolves when all ends are on record. */
  close: () => Promise<void>;
}

export function openWebSockets(services: GatewayServices, options: Partial<WebSocketLimits> = {}): WebSockets {
  const limits = { ...DEFAULT_LIMITS, ...options };
  const settings = {
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_FRAME_BYTES,
    // Compression costs memory per connection and tells lengths of secrets.
    perMessageDeflate: false,
    // Subprotocols are not used; above all none of them is read as a token.
    handleProtocols: (): false => false,
    // Documented by ws, missing in its types.
    closeTimeout: CLOSE_GRACE_MS,
  };
  const server = new WebSocketServer(settings);
  const unproven = createTally();
  const live = createTally();
  const links = new Map<Link, Session | null>();
  /** What has to end before the record is closed. */
  const pending = new UnderWay();
  let closing = false;
  const pinging = setInterval(() => links.forEach((_session, link) => link.checkAlive()), limits.pingMs);
  pinging.unref();

  function connected(link: Link, socket: Duplex, call: Call, known: Principal | null): void {
    links.set(link, null);
    const start = (principal: Principal): void => {
      const session = openSession(services, { link, call, principal, live, limits });
      links.set(link, session);
      void session.ended.then(() => links.delete(link));
    };
    if (known !== null) {
      start(known);
      return;
    }
    const release = unproven.add(addressKey(call.address));
    const proven = (principal: Principal): void => {
      release();
      start(principal);
    };
    void pending.track(awaitProof(services, { link, socket, call, handshakeMs: limits.handshakeMs, proven }));
    void link.closed.then(() => {
      release();
      if (links.get(link) === null) {
        links.delete(link);
      }
    });
  }

  async function refuse(socket: Duplex, call: Call, error: unknown): Promise<void> {
    const known = await recordedError(services, { incoming: call, principal: null }, error);
    endWithAnswer(socket, complete(services, errorReply(known, call.requestId), call.requestId));
  }

  return {
    upgrade(request, socket, head, address) {
      // A peer that resets the connection is no fault of ours; `close` follows.
      socket.on("error", () => undefined);
      if (closing) {
        endWithAnswer(socket, complete(services, stopping(), newRequestId()));
        return;
      }
      const call = callOf(request, socket, address);
      let principal: Principal | null;
      try {
        principal = admitUpgrade(services, { request, call, unproven, limits });
      } catch (error) {
        void pending.track(refuse(socket, call, error));
        return;
      }
      server.handleUpgrade(request, socket, head, (webSocket) =>
        connected(openLink(webSocket, socket), socket, call, principal),
      );
    },
    async close() {
      closing = true;
      clearInterval(pinging);
      await Promise.all([...links].map(([link, session]) => endLink(link, session, limits.drainMs)));
      await pending.ended();
    },
  };
}

async function endLink(link: Link, session: Session | null, drainMs: number): Promise<void> {
  await atMost(drainMs, session?.finish());
  link.close(CLOSE.goingAway, "shutdown", "The gateway stops. Connect again in a moment.");
  await link.closed;
  await atMost(drainMs, session?.ended);
}

async function atMost(ms: number, work: Promise<void> | undefined): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([work, late.promise]);
  clearTimeout(timer);
}

function callOf({ url = "", method = "", headers }: IncomingMessage, socket: Duplex, address: string): Call {
  const gone = new AbortController();
  socket.once("close", () => gone.abort());
  const [path = ""] = url.split("?", 1);
  return {
    method,
    path,
    header: (name) => headerOf(headers, name),
    address,
    requestId: newRequestId(),
    signal: gone.signal,
  };
}

const stopping = () =>
  json(503, { error: { code: "stopping", message: "The gateway stops. Connect again in a moment." } });
