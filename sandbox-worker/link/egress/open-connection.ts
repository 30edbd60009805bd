/**
 * From a name to a connection. Threats: a name that leads to this machine, its network or a cloud's metadata (SSRF), and one that leads
 * elsewhere when it is looked up again (DNS rebinding): every address is judged, and the connection goes to the very addresses judged.
 */
import { lookup } from "node:dns/promises";
import { connect, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { normaliseAddress } from "#server/core/http/address.ts";
import { isPublicAddress } from "#server/core/net/public-address.ts";
import type { Authority } from "#worker/link/egress/host-name.ts";
import { EgressRefusal } from "#worker/link/egress/refusal.ts";
import { createTurns } from "#worker/link/egress/turns.ts";

interface ResolvedAddress {
  address: string;
  family: number;
}

export interface Reach {
  resolve: (host: string) => Promise<ResolvedAddress[]>;
  isReachable: (address: string) => boolean;
}

/** From the look-up to the established connection (milliseconds). */
const CONNECT_MS = 30_000;
/** A name with more addresses than this has the rest ignored. */
const MAX_ADDRESSES = 16;
/** The system's resolver takes a thread for each look-up, of four that the whole process has for its files too. */
const lookups = createTurns(2, 1_000);

export const PUBLIC_INTERNET: Reach = {
  resolve: async (host) => lookups(() => lookup(host, { all: true })),
  isReachable: (address) => isPublicAddress(address) && !isOwnAddress(address),
};

/** A public address of this machine leads past its firewall. */
function isOwnAddress(address: string): boolean {
  const own = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return own.some((entry) => normaliseAddress(entry.address) === normaliseAddress(address));
}

/**
 * @param signal ends the attempt when the program has gone
 * @throws EgressRefusal
 */
export async function openConnection({ host, port }: Authority, reach: Reach, signal: AbortSignal): Promise<Socket> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
  const addresses = await resolveWithin(host, reach, limit);
  const found = addresses.map(({ address }) => address);
  if (found.length === 0) {
    throw new EgressRefusal("not_resolved");
  }
  // One bad address is enough: a name that leads inside as well is not an honest one.
  if (!found.every((address) => reach.isReachable(address))) {
    throw new EgressRefusal("address_not_public", found);
  }
  return dial(host, port, addresses, limit);
}

async function resolveWithin(host: string, reach: Reach, limit: AbortSignal): Promise<ResolvedAddress[]> {
  const over = new Promise<never>((_resolve, reject) => {
    limit.addEventListener("abort", () => reject(new EgressRefusal("not_resolved")), { once: true });
  });
  over.catch(() => undefined);
  try {
    // The final dot keeps the resolver from trying the name below the machine's own domain.
    const found = await Promise.race([reach.resolve(`${host}.`), over]);
    return found.slice(0, MAX_ADDRESSES);
  } catch {
    throw new EgressRefusal("not_resolved");
  }
}

function dial(host: string, port: number, addresses: readonly ResolvedAddress[], limit: AbortSignal): Promise<Socket> {
  const socket = connect({
    host,
    port,
    allowHalfOpen: true,
    autoSelectFamily: true,
    // No second look-up: what Node would ask the resolver for is answered from what was judged.
    lookup: (_host, _options, callback) => callback(null, [...addresses]),
  });
  const failed = new EgressRefusal(
    "connect_failed",
    addresses.map(({ address }) => address),
  );
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      socket.on("error", () => undefined);
      socket.destroy();
      reject(failed);
    };
    limit.addEventListener("abort", fail, { once: true });
    socket.once("error", fail);
    socket.once("connect", () => {
      limit.removeEventListener("abort", fail);
      socket.off("error", fail);
      socket.on("error", () => socket.destroy());
      resolve(socket);
    });
    if (limit.aborted) {
      fail();
    }
  });
}
