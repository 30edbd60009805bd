/**
 * The address outside to which checkpoints are sent. Threats: a name that leads to this machine, its network or a cloud's metadata (SSRF), also
 * when it is looked up again (DNS rebinding): every address is judged as the connection is made, and a redirect is not followed.
 */
import { hash } from "node:crypto";
import { isIP } from "node:net";
import { request } from "undici";
import { isLoopbackAddress } from "#server/core/http/address.ts";
import { NOTHING_PRIVATE, portOf, type AllowsPrivate } from "#server/core/net/outbound-policy.ts";
import { openOutgoing, refusalOf } from "#server/core/net/outgoing.ts";

export interface AnchorTarget {
  /** Stands for the address in the database: the address itself may hold a secret. */
  id: string;
  host: string;
  url: URL;
}

/** Why a checkpoint could not be delivered: a word without anything of the address. */
export type AnchorFault = "address_not_public" | "unreachable" | "timeout" | `status_${number}`;

const ANSWER_MS = 15_000;
/** Of an answer that nobody reads. */
const MAX_ANSWER_BYTES = 64 * 1024;

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

/** Sends a note; what went wrong, or null. @param allowsPrivate private addresses that are open; a loopback address written as such always is */
export async function deliver(
  { url, host }: AnchorTarget,
  note: string,
  signal: AbortSignal,
  allowsPrivate: AllowsPrivate = NOTHING_PRIVATE,
): Promise<AnchorFault | null> {
  const own = isLoopbackLiteral(host);
  const outgoing = openOutgoing({
    allowsPrivate: (name, port, address) =>
      (own && port === portOf(url) && isLoopbackAddress(address)) || allowsPrivate(name, port, address),
  });
  try {
    const { statusCode, body } = await request(url, {
      dispatcher: outgoing.dispatcher,
      method: "POST",
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: note,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    await body.dump({ limit: MAX_ANSWER_BYTES });
    return statusCode >= 200 && statusCode < 300 ? null : `status_${statusCode}`;
  } catch (error) {
    if (refusalOf(error) !== null) {
      return "address_not_public";
    }
    return error instanceof Error && error.name === "TimeoutError" ? "timeout" : "unreachable";
  } finally {
    await outgoing.close();
  }
}
