/**
 * The address outside to which checkpoints are sent. Threats: a name that leads to this machine, its network or a cloud's metadata (SSRF), also
 * when it is looked up again (DNS rebinding): every address is judged as the connection is made, and a redirect is not followed.
 */
import { hash } from "node:crypto";
import { lookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { Agent, request } from "undici";
import { isLoopbackAddress } from "#server/core/http/address.ts";
import { isPublicAddress } from "#server/core/net/public-address.ts";
import { hasErrorCode } from "#server/core/errors.ts";

export interface AnchorTarget {
  /** Stands for the address in the database: the address itself may hold a secret. */
  id: string;
  host: string;
  url: URL;
}

/** Why a checkpoint could not be delivered: a word without anything of the address. */
export type AnchorFault = "address_not_public" | "unreachable" | "timeout" | `status_${number}`;

const CONNECT_MS = 10_000;
const ANSWER_MS = 15_000;
/** Of an answer that nobody reads. */
const MAX_ANSWER_BYTES = 64 * 1024;
const REFUSED = "ERR_ADDRESS_NOT_PUBLIC";

/** Null for what is no address to send to: `https`, or `http` to a loopback address written as such, and no user name in it. */
export function anchorTarget(written: string): AnchorTarget | null {
  const url = URL.parse(written);
  if (url === null || url.username !== "" || url.password !== "") {
    return null;
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopbackLiteral(host))
    ? { id: hash("sha256", url.href).slice(0, 16), host, url }
    : null;
}

const isLoopbackLiteral = (host: string): boolean => isIP(host) !== 0 && isLoopbackAddress(host);

/** Sends a note; what went wrong, or null. */
export async function deliver(
  { url, host }: AnchorTarget,
  note: string,
  signal: AbortSignal,
): Promise<AnchorFault | null> {
  // A host that is an address is not looked up.
  if (isIP(host) !== 0 && !isLoopbackLiteral(host) && !isPublicAddress(host)) {
    return "address_not_public";
  }
  const agent = new Agent({ connect: { timeout: CONNECT_MS, lookup: judgedLookup } });
  try {
    const { statusCode, body } = await request(url, {
      dispatcher: agent,
      method: "POST",
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: note,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    await body.dump({ limit: MAX_ANSWER_BYTES });
    return statusCode >= 200 && statusCode < 300 ? null : `status_${statusCode}`;
  } catch (error) {
    if (hasErrorCode(error, REFUSED)) {
      return "address_not_public";
    }
    return error instanceof Error && error.name === "TimeoutError" ? "timeout" : "unreachable";
  } finally {
    await agent.destroy();
  }
}

/** One bad address is enough: a name that leads inside as well is not an honest one. */
const judgedLookup: LookupFunction = (hostname, _options, callback) => {
  lookup(hostname, { all: true }).then(
    (addresses) => {
      const allowed = addresses.length > 0 && addresses.every(({ address }) => isPublicAddress(address));
      callback(allowed ? null : Object.assign(new Error("address not public"), { code: REFUSED }), addresses);
    },
    (error: NodeJS.ErrnoException) => callback(error, []),
  );
};
