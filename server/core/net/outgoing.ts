/**
 * HTTP from the server to the outside. Every address is judged as the connection is made, literal or looked up, and the connection goes to
 * the very addresses that were judged: a name that leads elsewhere the next time (DNS rebinding) gains nothing. Redirects are not followed,
 * certificates are verified whatever the environment says, and no proxy of the environment is asked.
 */
import { lookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { Agent, buildConnector, Pool, type Dispatcher } from "undici";
import { portOf, refusedAddress, type AllowsPrivate } from "#server/core/net/outbound-policy.ts";

interface ResolvedAddress {
  address: string;
  family: number;
}

export interface OutgoingOptions {
  /** Asked as a connection is made, so that a change of the configuration holds for the next one. */
  allowsPrivate: AllowsPrivate;
  /** Milliseconds until the head of an answer, and between two pieces of its body; 0 = the caller's signal alone ends it. */
  idleMs?: number;
  /** All addresses of a name; default: the system's resolver. */
  resolve?: (host: string) => Promise<ResolvedAddress[]>;
}

export interface Outgoing {
  dispatcher: Dispatcher;
  close(): Promise<void>;
}

/** From the look-up to the established connection, TLS included (milliseconds). */
const CONNECT_MS = 10_000;
const IDLE_MS = 30_000;
const MAX_HEADER_BYTES = 32 * 1024;
/** A connection that is kept open for longer was judged too long ago. */
const KEPT_MS = 60_000;
const REFUSED = "ERR_ADDRESS_REFUSED";

/** Where a connection would have led. Holds the host and its address, nothing else of the URL. */
export class AddressRefused extends Error {
  readonly code = REFUSED;
  readonly host: string;
  readonly address: string;

  constructor(host: string, address: string) {
    super(
      `"${host}" leads to ${address}, which is not open to outgoing connections. An address of your own network is opened in security.outbound.allowedPrivate.`,
    );
    this.name = "AddressRefused";
    this.host = host;
    this.address = address;
  }
}

/** The refusal behind a failed request, also where `fetch` has wrapped it; null = it failed for another reason. */
export function refusalOf(error: unknown): AddressRefused | null {
  if (error instanceof AddressRefused) {
    return error;
  }
  return error instanceof Error && error.cause !== undefined ? refusalOf(error.cause) : null;
}

const systemLookup = (host: string): Promise<ResolvedAddress[]> => lookup(host, { all: true });

/** All connections of one purpose. Close it when the process ends. */
export function openOutgoing({ allowsPrivate, idleMs = IDLE_MS, resolve = systemLookup }: OutgoingOptions): Outgoing {
  const agent = new Agent({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
    keepAliveMaxTimeout: KEPT_MS,
    factory: (origin, options) =>
      new Pool(origin, { ...options, connect: judgedConnector(new URL(origin), allowsPrivate, resolve) }),
  });
  return { dispatcher: agent, close: () => agent.destroy() };
}

function judgedConnector(
  origin: URL,
  allowsPrivate: AllowsPrivate,
  resolve: NonNullable<OutgoingOptions["resolve"]>,
): buildConnector.connector {
  const port = portOf(origin);
  const judge = (host: string, addresses: readonly string[]): AddressRefused | null => {
    const refused = refusedAddress({ host, port }, addresses, allowsPrivate);
    return refused === null ? null : new AddressRefused(host, refused);
  };
  const judgedLookup: LookupFunction = (host, _options, callback) => {
    resolve(host).then(
      (found) => {
        const addresses = found.map(({ address }) => address);
        callback(addresses.length === 0 ? new Error("the name has no address") : judge(host, addresses), found);
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };
  const connector = buildConnector({
    timeout: CONNECT_MS,
    lookup: judgedLookup,
    autoSelectFamily: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
    allowH2: false,
  });
  return (options, callback) => {
    // What is an address already is not looked up.
    const refused = isIP(options.hostname) === 0 ? null : judge(options.hostname, [options.hostname]);
    if (refused === null) {
      connector(options, callback);
    } else {
      callback(refused, null);
    }
  };
}
