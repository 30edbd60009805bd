/**
 * What the server tells the page renderer about a request, in headers that the client cannot set: whatever it sent under these names is
 * overwritten. Threats: a spoofed client address, a chosen nonce, the renderer's internal routing headers sent from outside.
 */
import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { securityHeaders } from "#server/core/http/security-headers.ts";

export const ADDRESS_HEADER = "x-openclaw-address";
export const REQUEST_ID_HEADER = "x-openclaw-request-id";

/** Headers by which the renderer talks to itself or trusts a proxy; never accepted from a client. */
const INTERNAL_HEADER = /^x-(?:middleware-|forwarded-|matched-path$|invoke-|nextjs-|vercel-|now-)/;

interface PageRequestFacts {
  /** The peer's address after trusted proxies were taken into account. */
  address: string;
  requestId: string;
  tls: boolean;
}

/** Prepares one request for the page renderer and sets the security headers of its response. Call right before handing it over. */
export function preparePageRequest(
  request: { headers: IncomingHttpHeaders },
  response: Pick<ServerResponse, "setHeader">,
  facts: PageRequestFacts,
): void {
  const { headers } = request;
  for (const name of Object.keys(headers)) {
    if (INTERNAL_HEADER.test(name)) {
      delete headers[name];
    }
  }
  const security = securityHeaders({ nonce: randomBytes(16).toString("base64"), tls: facts.tls });
  for (const [name, value] of Object.entries(security)) {
    response.setHeader(name, value);
  }
  response.setHeader("x-request-id", facts.requestId);
  headers["content-security-policy"] = security["content-security-policy"];
  headers[ADDRESS_HEADER] = facts.address;
  headers[REQUEST_ID_HEADER] = facts.requestId;
}
