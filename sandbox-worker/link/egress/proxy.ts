/**
 * The HTTP proxy of a run: to the hosts its profile lists and nowhere else. Each decision is on record before it is answered.
 * It asks for no token: the socket is that of one container, and a proxy's credentials would stand in a URL, which programs print and log.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Collapser } from "#server/audit/index.ts";
import { endWithAnswer } from "#server/core/http/raw-answer.ts";
import type { Logger } from "#server/core/log.ts";
import { answerError, errorBody } from "#worker/link/api-error.ts";
import { ByteAllowance } from "#worker/link/egress/byte-allowance.ts";
import { allowed, parseAuthority, type Authority } from "#worker/link/egress/host-name.ts";
import { openConnection, PUBLIC_INTERNET, type Reach } from "#worker/link/egress/open-connection.ts";
import { EgressRefusal } from "#worker/link/egress/refusal.ts";
import { readFirstFlight } from "#worker/link/egress/first-flight.ts";
import { createTurns } from "#worker/link/egress/turns.ts";
import { endToEnd, forward, isFramingKnown } from "#worker/link/forward.ts";
import type { LinkEvent, RunLinkOptions } from "#worker/link/run-link.ts";

/** Where hosts are looked for, and how much a run may move; the defaults are for everything but tests. */
export interface EgressOptions {
  reach?: Reach;
  ports?: { http: number; tls: number };
  /** Bytes one run may send, and receive. */
  maxBytes?: number;
  /** Milliseconds without a byte in either direction that end a connection. */
  idleMs?: number;
}

interface ProxyOptions extends EgressOptions {
  domains: readonly string[];
  origin: RunLinkOptions["origin"];
  records: Collapser;
  tell: (event: LinkEvent) => void;
  log: Logger;
}

export interface EgressProxy {
  /** A request whose address is a whole URL. */
  request: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** A tunnel, for TLS. */
  connect: (request: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;
}

const MAX_CONNECTIONS = 16;
const MAX_BYTES = 64 * 1024 * 1024;
const IDLE_MS = 60_000;
const TUNNEL_LISTENERS = 30;
/** Hosts a run's stream is told of, each once. */
const MAX_TOLD = 100;

export function createEgressProxy(options: ProxyOptions): EgressProxy {
  const { domains, origin, records, tell, log } = options;
  const turns = createTurns(1, MAX_CONNECTIONS);
  const { resolve, isReachable } = options.reach ?? PUBLIC_INTERNET;
  // One after the other, so that a program with names that take long does not hold up the other runs of this worker.
  const reach: Reach = { isReachable, resolve: (host) => turns(() => resolve(host)) };
  const ports = options.ports ?? { http: 80, tls: 443 };
  const upload = new ByteAllowance(options.maxBytes ?? MAX_BYTES);
  const download = new ByteAllowance(options.maxBytes ?? MAX_BYTES);
  const told = new Set<string>();
  let open = 0;

  /** @param asked null = no host could be made out */
  async function decided(asked: Authority | null, refusal: EgressRefusal | null, address: string): Promise<void> {
    const { host, port } = asked ?? { host: "", port: 0 };
    const verdict = refusal?.reason ?? "allowed";
    await records.record(`${verdict}|${refusal === null ? `${host}:${port}` : ""}`, {
      event: refusal === null ? "egress.allowed" : "egress.refused",
      outcome: refusal?.outcome ?? "ok",
      ...origin,
      ...(refusal === null ? {} : { reason: refusal.reason }),
      data: { host, port, address },
    });
    const line = `${refusal === null}|${host}`;
    if (!told.has(line) && told.size < MAX_TOLD) {
      told.add(line);
      tell({ kind: "egress", data: { host, allowed: refusal === null } });
    }
  }

  /** Everything that is decided before the connection stands. */
  async function admit(asked: Authority | null, port: number, signal: AbortSignal): Promise<Socket> {
    if (domains.length === 0) {
      throw new EgressRefusal("not_granted");
    }
    if (asked === null) {
      throw new EgressRefusal("host_invalid");
    }
    if (!allowed(asked.host, domains)) {
      throw new EgressRefusal("host_not_listed");
    }
    if (asked.port !== port) {
      throw new EgressRefusal("port_refused");
    }
    if (open > MAX_CONNECTIONS) {
      throw new EgressRefusal("too_many_connections");
    }
    const socket = await openConnection(asked, reach, signal);
    socket.setTimeout(options.idleMs ?? IDLE_MS, () => socket.destroy());
    try {
      await decided(asked, null, socket.remoteAddress ?? "");
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return socket;
  }

  /** Runs `work` as one connection; a refusal is recorded, then answered. */
  async function counted(
    asked: Authority | null,
    client: Duplex | ServerResponse,
    work: (signal: AbortSignal) => Promise<void>,
    answer: (refusal: EgressRefusal) => void,
  ): Promise<void> {
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    client.once("close", leave);
    open += 1;
    try {
      await work(gone.signal);
    } catch (error) {
      if (!(error instanceof EgressRefusal)) {
        throw error;
      }
      // Who has gone was refused nothing.
      if (!(gone.signal.aborted && error.outcome === "failed")) {
        await decided(asked, error, error.addresses.join(" "));
      }
      answer(error);
    } finally {
      open -= 1;
      client.off("close", leave);
    }
  }

  async function request(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = incoming.url ?? "";
    const [, authority = "", path = ""] = /^http:\/\/([^/?#]*)([^#]*)$/i.exec(url) ?? [];
    const asked = parseAuthority(authority, 80);
    const work = async (signal: AbortSignal): Promise<void> => {
      checkForm(incoming, asked);
      take(upload, headBytes(incoming) + url.length, "upload_limit");
      const socket = await admit(asked, ports.http, signal);
      try {
        await forward(incoming, response, {
          connection: { createConnection: () => socket },
          path: path.startsWith("/") ? path : `/${path}`,
          headers: [["Host", hostHeader(asked)], ...endToEnd(incoming.rawHeaders, ["host"])],
          upload: upload.meter(() => new EgressRefusal("upload_limit")),
          download: download.meter(() => new EgressRefusal("download_limit")),
          onHead: (answer) => take(download, headBytes(answer), "download_limit"),
        });
      } catch (error) {
        throw error instanceof EgressRefusal || response.headersSent ? error : new EgressRefusal("connect_failed");
      } finally {
        socket.destroy();
      }
    };
    await counted(asked, response, work, ({ status, reason, message }) =>
      answerError(response, "", { status, code: `egress_${reason}`, message }),
    ).catch((error: unknown) => {
      // An answer that breaks off on the way: either side has gone.
      if (!response.headersSent) {
        throw error;
      }
      response.destroy();
    });
  }

  async function connect(incoming: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const asked = parseAuthority(incoming.url ?? "", 0);
    let isTunnel = false;
    const work = async (signal: AbortSignal): Promise<void> => {
      const server = await admit(asked, ports.tls, signal);
      if (signal.aborted) {
        server.destroy();
        return;
      }
      client.once("close", () => server.destroy());
      // Two pipelines watch each of them.
      client.setMaxListeners(TUNNEL_LISTENERS);
      server.setMaxListeners(TUNNEL_LISTENERS);
      try {
        isTunnel = true;
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        const first = await readFirstFlight(client, head, asked?.host ?? "");
        take(upload, first.length, "upload_limit");
        server.write(first);
        await Promise.all([
          pipeline(
            client,
            upload.meter(() => new EgressRefusal("upload_limit")),
            server,
          ),
          pipeline(
            server,
            download.meter(() => new EgressRefusal("download_limit")),
            client,
          ),
        ]);
      } catch (error) {
        if (error instanceof EgressRefusal) {
          throw error;
        }
        client.destroy();
        log.debug({ err: error }, "a tunnel of a run broke off");
      } finally {
        server.destroy();
      }
    };
    const answer = (status: number, body: string): void => {
      if (isTunnel) {
        client.destroy();
      } else {
        endWithAnswer(client, { status, headers: { "content-type": "application/json; charset=utf-8" }, body });
      }
    };
    await counted(asked, client, work, ({ status, reason, message }) =>
      answer(status, errorBody("", { status, code: `egress_${reason}`, message })),
    );
  }

  return { request, connect };
}

/** Between two readers of the same head nothing may be left to choose. */
function checkForm(request: IncomingMessage, asked: Authority | null): void {
  if (!isFramingKnown(request)) {
    throw new EgressRefusal("unsupported_transfer_coding");
  }
  const named = parseAuthority(request.headers.host ?? "", 80);
  if (
    asked !== null &&
    request.headers.host !== undefined &&
    (named?.host !== asked.host || named.port !== asked.port)
  ) {
    throw new EgressRefusal("host_mismatch");
  }
}

const hostHeader = (asked: Authority | null): string =>
  asked === null ? "" : asked.port === 80 ? asked.host : `${asked.host}:${asked.port}`;

function take(allowance: ByteAllowance, bytes: number, reason: "upload_limit" | "download_limit"): void {
  if (!allowance.take(bytes)) {
    throw new EgressRefusal(reason);
  }
}

/** About what the head took on the wire. */
const headBytes = ({ rawHeaders }: IncomingMessage): number =>
  rawHeaders.reduce((sum, text) => sum + text.length + 2, 0);
