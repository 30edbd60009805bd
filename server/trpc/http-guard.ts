/** The same-origin rule in front of the browser's endpoints, as a response to send when it is broken. */
import { checkSameOrigin, type WebOrigin } from "#server/core/http/web-origin.ts";

const REFUSALS = {
  host: "This Host name is not one of the console's. Open the console under the address that `openclaw console link` prints.",
  origin: "The request does not come from a console page. Reload the console and try again.",
} as const;

/** Null when the request may go on. */
export function refuseForeignRequest(request: Request, web: WebOrigin): Response | null {
  const verdict = checkSameOrigin(request, web);
  if (verdict.ok) {
    return null;
  }
  return Response.json(
    { error: { code: "FORBIDDEN", message: REFUSALS[verdict.reason] } },
    { status: 403, headers: { "cache-control": "no-store" } },
  );
}
