/**
 * What the server tells the page renderer about a request, in headers that the client cannot set: whatever it sent under these names is
 * overwritten. Threats: DNS rebinding and forged Host headers, a spoofed client address, a chosen nonce, and the renderer's internal routing
 * headers sent from outside.
 */
import { randomBytes } from "node:crypto";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { apiSecurityHeaders, securityHeaders } from "#server/core/http/security-headers.ts";
import { isAcceptedHost, type WebOrigin } from "#server/core/http/web-origin.ts";

export const ADDRESS_HEADER = "x-openclaw-address";
export const REQUEST_ID_HEADER = "x-openclaw-request-id";
/** Path and query, as the browser asked for them. */
export const PATH_HEADER = "x-openclaw-path";

/** Headers by which the renderer talks to itself or trusts a proxy; never accepted from a client. */
const INTERNAL_HEADER = /^x-(?:middleware-|forwarded-|matched-path$|invoke-|nextjs-|vercel-|now-|real-ip$)|^forwarded$/;

/** Where the renderer hands out files: their content is a stranger's, and no page of ours. Its own headers would not replace those set here. */
const FILE_PATH = /^\/api\/runs\//;

const HOST_REFUSAL =
  "This Host name is not one of the console's. Open the address the gateway printed, or list this one in gateway.allowedOrigins.";

interface PageRequestFacts {
  /** The peer's address after trusted proxies were taken into account. */
  address: string;
  requestId: string;
  web: WebOrigin;
}

/**
 * Prepares one request for the page renderer and sets the security headers of its response.
 * @returns false when the request was for a host that is not ours and has been answered; it must not go on.
 */
export function preparePageRequest(
  request: { headers: IncomingHttpHeaders; url?: string | undefined },
  response: Pick<ServerResponse, "setHeader" | "writeHead" | "end">,
  { address, requestId, web }: PageRequestFacts,
): boolean {
  const { headers } = request;
  const page = securityHeaders({ nonce: randomBytes(16).toString("base64"), tls: web.tls });
  const security = FILE_PATH.test(request.url ?? "") ? { ...page, ...apiSecurityHeaders(web) } : page;
  for (const [name, value] of Object.entries(security)) {
    response.setHeader(name, value);
  }
  response.setHeader("x-request-id", requestId);
  if (!isAcceptedHost(headers.host, web)) {
    response.writeHead(421, { "content-type": "application/json", connection: "close" });
    response.end(JSON.stringify({ error: { code: "FORBIDDEN", message: HOST_REFUSAL, requestId } }));
    return false;
  }
  for (const name of Object.keys(headers)) {
    if (INTERNAL_HEADER.test(name)) {
      delete headers[name];
    }
  }
  headers["content-security-policy"] = page["content-security-policy"];
  headers[ADDRESS_HEADER] = address;
  headers[REQUEST_ID_HEADER] = requestId;
  headers[PATH_HEADER] = request.url ?? "/";
  return true;
}
