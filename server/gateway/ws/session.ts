/** A connection whose caller is known: it takes requests until its token, its client or the process ends. */
import type { RawData } from "ws";
import type { Principal } from "#server/access/schema.ts";
import { onOccasion } from "#server/audit/index.ts";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { AppError } from "#server/core/errors.ts";
import { newRequestId } from "#server/core/ids.ts";
import { UnderWay } from "#server/core/under-way.ts";
import { actorOf, recordedError } from "#server/gateway/answer.ts";
import type { Call } from "#server/gateway/exchange.ts";
import { watchCredential } from "#server/gateway/live-stream.ts";
import { parseJson, validate } from "#server/gateway/read-json.ts";
import { Refusal } from "#server/gateway/refusal.ts";
import type { GatewayServices } from "#server/gateway/services.ts";
import { lastingCredential } from "#server/gateway/ws/credential.ts";
import { CLOSE, ClientFrame, CorrelationId } from "#server/gateway/ws/frames.ts";
import { MAX_BAD_FRAMES, MAX_IN_FLIGHT, type Tally, type WebSocketLimits } from "#server/gateway/ws/limits.ts";
import type { Link, LinkEnd } from "#server/gateway/ws/link.ts";
import { serveRequest, type RequestFrame } from "#server/gateway/ws/requests.ts";

const MAX_REASON_BYTES = 123;

interface SessionFacts {
  link: Link;
  /** The upgrade that opened the connection. */
  call: Call;
  principal: Principal;
  /** Live connections by principal. */
  live: Tally;
  limits: WebSocketLimits;
}

export interface Session {
  /** Takes no more requests and ends streams. Resolves when the requests under way are answered. */
  finish(): Promise<void>;
  /** Resolves when the connection has ended and everything it caused is on record. */
  ended: Promise<void>;
}

export function openSession(services: GatewayServices, facts: SessionFacts): Session {
  const { link, call, principal, live, limits } = facts;
  const currentPrincipal = lastingCredential(services, call, principal);
  /** Requests under way by the client's id, with what stops them. */
  const jobs = new Map<string, AbortController>();
  /** Everything under way, refusals of frames included. */
  const work = new UnderWay();
  let badFrames = 0;
  const leave = live.of(principal.id) < limits.perPrincipal ? live.add(principal.id) : null;
  const opened = leave === null ? tooMany() : open();
  const stopWatching = watchCredential(
    services,
    { principal, incoming: call },
    (lock) => (lock === null ? tokenEnded() : locked(lock.message)),
    "webSockets",
  );
  link.onFrame(onFrame);
  const ended = link.closed.then(async (end) => {
    leave?.();
    stopWatching();
    jobs.forEach((stop) => stop.abort());
    if (await opened) {
      await recordEnd(end);
    }
    await work.ended();
  });

  /** On record before the client hears of it. @returns false when the connection is being closed instead. */
  async function open(): Promise<boolean> {
    try {
      await services.audit.append([
        { ...eventOf("websocket.opened"), data: { userAgent: call.header("user-agent") ?? null } },
      ]);
      const { id, name, role, scopes, channels, boundUserId, tokenId } = principal;
      const expiresAt = tokenId === null ? null : services.tokens.get(tokenId)?.expiresAt;
      link.send({
        type: "ready",
        connectionId: link.id,
        principal: { id, name, role, scopes, channels, user: boundUserId },
        ...(expiresAt === null || expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
      });
      return true;
    } catch (error) {
      await fail(call, error);
      link.close(CLOSE.tryAgainLater, "not_recorded");
      return false;
    }
  }

  async function tooMany(): Promise<false> {
    await fail(
      call,
      new Refusal(
        "RATE_LIMITED",
        `This caller has ${limits.perPrincipal} live connections. Close one, or send more over those that are open.`,
        { event: "limit.exceeded", reason: "connections_per_principal" },
        { collapseKey: `connections|${principal.id}` },
      ),
    );
    link.close(CLOSE.tooMany, "too_many_connections");
    return false;
  }

  function onFrame(data: RawData, isBinary: boolean): void {
    if (isBinary || !Buffer.isBuffer(data)) {
      link.close(CLOSE.binary, "binary_frame", "Frames are JSON text.");
      return;
    }
    const frame = understand(data);
    if (frame?.type === "ping") {
      void opened.then((isOpen) => (isOpen ? link.send({ type: "pong", id: frame.id }) : undefined));
    } else if (frame?.type === "unfollow") {
      unfollow(frame.id);
    } else if (frame !== undefined) {
      start(frame);
    }
  }

  function understand(data: Buffer): ClientFrame | undefined {
    let value: unknown;
    try {
      value = parseJson(data, "frame");
      const frame = validate(ClientFrame, value, "frame");
      badFrames = 0;
      return frame;
    } catch (error) {
      badFrames += 1;
      const refused = refuse(callFor("frame"), error, idOf(value));
      if (badFrames >= MAX_BAD_FRAMES) {
        link.onFrame(() => undefined);
        void refused.then(() => link.close(CLOSE.badRequest, "bad_frames", "Too many frames could not be understood."));
      }
      return undefined;
    }
  }

  function start(frame: RequestFrame): void {
    const { id, type } = frame;
    const stop = new AbortController();
    const own = callFor(type, stop.signal);
    if (jobs.has(id)) {
      void refuse(
        own,
        new AppError("CONFLICT", "id: a request with this id is under way. Use one id per request."),
        id,
      );
    } else if (jobs.size >= MAX_IN_FLIGHT) {
      void refuse(own, tooManyRequests(), id);
    } else {
      jobs.set(id, stop);
      void work.track(serve(frame, own).finally(() => jobs.delete(id)));
    }
  }

  async function serve(frame: RequestFrame, own: Call): Promise<void> {
    if (!(await opened)) {
      return;
    }
    try {
      const asking = currentPrincipal();
      const { requestId, address } = own;
      await onOccasion({ requestId, address, tokenId: asking.tokenId ?? undefined }, () =>
        serveRequest({ services, link, exchange: { incoming: own, principal: asking } }, frame),
      );
    } catch (error) {
      await fail(own, error, frame.id);
    }
  }

  function unfollow(id: string): void {
    const stop = jobs.get(id);
    if (stop === undefined) {
      void refuse(callFor("unfollow"), new AppError("NOT_FOUND", "id: no request with this id is under way."), id);
    } else {
      stop.abort();
    }
  }

  /** Records, then tells the client. */
  async function fail(own: Call, error: unknown, id?: string): Promise<void> {
    const known = await recordedError(services, { incoming: own, principal }, error);
    link.sendError(known, own.requestId, id);
  }

  /** The same for a frame that may have come before `ready` was sent. Refusals that come faster than they are recorded share records. */
  function refuse(own: Call, error: unknown, id?: string): Promise<void> {
    const shown = work.count < 2 * MAX_IN_FLIGHT ? error : tooManyRequests();
    return work.track(opened.then((isOpen) => (isOpen ? fail(own, shown, id) : undefined)));
  }

  function tooManyRequests(): Refusal {
    return new Refusal(
      "RATE_LIMITED",
      `${MAX_IN_FLIGHT} requests of this connection are under way. Wait for one to be answered.`,
      { event: "limit.exceeded", reason: "requests_in_flight" },
      { collapseKey: `in_flight|${link.id}`, retryAfterSeconds: 1 },
    );
  }

  function tokenEnded(): void {
    link.close(CLOSE.unauthenticated, "token_ended", "The token of this connection has ended.");
  }

  function locked(message: string): void {
    jobs.forEach((stop) => stop.abort());
    link.close(CLOSE.locked, "locked", closeReason(message));
  }

  function callFor(type: string, signal: AbortSignal = call.signal): Call {
    return { ...call, method: "WS", path: type, requestId: newRequestId(), signal };
  }

  function eventOf(event: "websocket.opened" | "websocket.closed"): AuditEventInput {
    return {
      event,
      outcome: "ok",
      actor: actorOf(principal, call.address),
      tokenId: principal.tokenId ?? undefined,
      address: call.address,
      requestId: call.requestId,
      target: link.id,
    };
  }

  async function recordEnd({ code, why, received, sent }: LinkEnd): Promise<void> {
    await services.audit
      .append([{ ...eventOf("websocket.closed"), reason: why, data: { code, received, sent } }])
      .catch((error: unknown) =>
        services.log.error({ err: error, connection: link.id }, "the end of a connection could not be recorded"),
      );
  }

  return {
    ended,
    async finish() {
      link.onFrame(() => undefined);
      jobs.forEach((stop) => stop.abort());
      await work.ended();
    },
  };
}

/** As much of a text as a close frame has room for (RFC 6455 § 5.5). */
function closeReason(message: string): string {
  let text = message;
  while (Buffer.byteLength(text) > MAX_REASON_BYTES) {
    text = text.slice(0, -1);
  }
  return text;
}

function idOf(value: unknown): string | undefined {
  const id: unknown = typeof value === "object" && value !== null && "id" in value ? value.id : undefined;
  return CorrelationId.safeParse(id).data;
}
