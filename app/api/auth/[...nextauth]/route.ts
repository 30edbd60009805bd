/** HTTP entry of sign-in and sign-out. */
import NextAuth from "next-auth";
import type { NextRequest } from "next/server";
import { authOptions } from "#server/auth/next-auth-options.ts";
import { getContainer } from "#server/core/container.ts";
import type { AppServices } from "#server/services.ts";
import { callOrigin } from "#server/trpc/context.ts";
import { refuseRequest } from "#server/trpc/http-guard.ts";

const MAX_BODY_BYTES = 4_096;

interface RouteContext {
  params: Promise<{ nextauth: string[] }>;
}

async function handle(request: NextRequest, context: RouteContext): Promise<Response> {
  const services = getContainer<AppServices>();
  const refusal = await refuseRequest(request, services, MAX_BODY_BYTES);
  if (refusal !== null) {
    return refusal;
  }
  const signOutFailures: unknown[] = [];
  const options = authOptions(services, callOrigin(request.headers), (error) => signOutFailures.push(error));
  const response = (await NextAuth(request, context, options)) as Response;
  if (signOutFailures.length === 0) {
    return response;
  }
  // Without this the cookie would go while the session lived on.
  services.log.error({ err: signOutFailures[0] }, "sign-out failed");
  const message = "The session could not be ended because the database does not answer. Try again.";
  return Response.json({ error: { code: "STORE_UNAVAILABLE", message } }, { status: 503 });
}

export { handle as GET, handle as POST };
