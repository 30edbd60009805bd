/** HTTP entry of what the sign-in pages ask before anybody is signed in. */
import { answerSignInStep } from "#server/auth/sign-in-steps.ts";
import { getContainer } from "#server/core/container.ts";
import type { AppServices } from "#server/services.ts";
import { callOrigin } from "#server/trpc/context.ts";
import { refuseRequest } from "#server/trpc/http-guard.ts";

const MAX_BODY_BYTES = 4_096;

interface RouteContext {
  params: Promise<{ step: string }>;
}

export async function POST(request: Request, { params }: RouteContext): Promise<Response> {
  const services = getContainer<AppServices>();
  const refusal = await refuseRequest(request, services, MAX_BODY_BYTES);
  return refusal ?? answerSignInStep(services, (await params).step, request, callOrigin(request.headers));
}
