/** HTTP entry of the console's API. */
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { faultEvent } from "#server/audit/index.ts";
import { setSessionCookie } from "#server/auth/session-cookie.ts";
import { isAppError } from "#server/core/errors.ts";
import { getContainer } from "#server/core/container.ts";
import type { AppServices } from "#server/services.ts";
import { createContext } from "#server/trpc/context.ts";
import { refuseRequest } from "#server/trpc/http-guard.ts";
import { appRouter } from "#server/trpc/root.ts";

/** Calls in one batch at most. */
const MAX_BATCH = 10;
const MAX_BODY_BYTES = 1_048_576;

async function handle(request: Request): Promise<Response> {
  const services = getContainer<AppServices>();
  const refusal = await refuseRequest(request, services, MAX_BODY_BYTES);
  if (refusal !== null) {
    return refusal;
  }
  return fetchRequestHandler({
    endpoint: "/api/trpc",
    req: request,
    router: appRouter,
    maxBatchSize: MAX_BATCH,
    createContext: async ({ resHeaders }) => ({
      ...(await createContext(request.headers, services)),
      replaceSession: async (id) => resHeaders.append("set-cookie", await setSessionCookie(id, services)),
    }),
    // Added to the streams' own "no-transform": compression would hold their events back.
    responseMeta: () => ({ headers: new Headers({ "cache-control": "no-store" }) }),
    onError({ error, path, ctx }) {
      if (error.code === "INTERNAL_SERVER_ERROR" && !(isAppError(error.cause) && error.cause.code !== "INTERNAL")) {
        services.log.error(
          { err: error.cause ?? error, path, requestId: ctx?.origin.requestId },
          "console call failed",
        );
        const actor = ctx?.session?.actor ?? { type: "system", id: "server" };
        const fault = faultEvent("request_failed", error.cause ?? error, actor, path ?? "");
        services.audit
          .append([{ ...fault, requestId: ctx?.origin.requestId, address: ctx?.origin.address }])
          .catch((failure: unknown) => services.log.error({ err: failure }, "a failed call could not be recorded"));
      }
    },
  });
}

export { handle as GET, handle as POST };
