/** What every request to the browser's endpoints must satisfy before anything reads it: same origin, and a body of a known, small size. */
import type { AuthServices } from "#server/auth/index.ts";
import { checkSameOrigin } from "#server/core/http/web-origin.ts";
import { callOrigin } from "#server/trpc/context.ts";

const REFUSALS = {
  host: "This Host name is not one of the console's. Open the console under the address that `openclaw console link` prints.",
  origin: "The request does not come from a console page. Reload the console and try again.",
} as const;

/** Null when the request may go on; otherwise the answer to send, the refusal being on record. */
export async function refuseRequest(
  request: Request,
  { web, refusals }: Pick<AuthServices, "web" | "refusals">,
  maxBodyBytes: number,
): Promise<Response | null> {
  const verdict = checkSameOrigin(request, web);
  if (!verdict.ok) {
    const { address, requestId } = callOrigin(request.headers);
    const { headers, url } = request;
    await refusals.record(`origin|${address}`, {
      event: "network.origin_refused",
      outcome: "denied",
      actor: { type: "anonymous", id: address },
      address,
      requestId,
      target: `${request.method} ${new URL(url).pathname}`,
      reason: `foreign_${verdict.reason}`,
      data: { origin: headers.get("origin"), host: headers.get("host") },
    });
    return refusal(403, "FORBIDDEN", REFUSALS[verdict.reason]);
  }
  // Nobody is signed in yet at this point, so an unbounded or unannounced body would be free memory for anyone.
  const announced = request.headers.get("content-length");
  if (request.body !== null && (announced === null || Number(announced) > maxBodyBytes)) {
    return refusal(
      413,
      "PAYLOAD_TOO_LARGE",
      `The request must announce its size and stay under ${maxBodyBytes} bytes.`,
    );
  }
  return null;
}

function refusal(status: number, code: string, message: string): Response {
  return Response.json({ error: { code, message } }, { status, headers: { "cache-control": "no-store" } });
}
