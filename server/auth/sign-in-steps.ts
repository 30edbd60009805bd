/** What the sign-in pages may ask before anybody is signed in: what a link is for, and what a passkey has to sign. */
import { z } from "zod";
import { previewInvitation } from "#server/auth/accept-invitation.ts";
import { authenticationOptions } from "#server/auth/passkeys.ts";
import { SignInRefusal } from "#server/auth/refusals.ts";
import type { AuthServices, CallOrigin } from "#server/auth/services.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError, isAppError } from "#server/core/errors.ts";

type Step = (services: AuthServices, body: unknown, origin: CallOrigin) => Promise<object>;

const WithCode = z.object({ code: z.string().max(400) });

const STEPS: Readonly<Record<string, Step>> = {
  invitation: (services, body, origin) => previewInvitation(services, WithCode.safeParse(body).data?.code, origin),
  "passkey-options": (services, _body, origin) => authenticationOptions(services, origin.host ?? null, "sign_in", []),
};

/** The answer as JSON. A refusal is `{error: {code, message}}`; nothing unexpected is told. */
export async function answerSignInStep(
  services: AuthServices,
  step: string,
  request: Request,
  origin: CallOrigin,
): Promise<Response> {
  try {
    const handler = Object.hasOwn(STEPS, step) ? STEPS[step] : undefined;
    if (handler === undefined) {
      throw new AppError("NOT_FOUND", "There is no such step of signing in.");
    }
    return json(200, await handler(services, await readBody(request), origin));
  } catch (error) {
    return refusal(error, services);
  }
}

async function readBody(request: Request): Promise<unknown> {
  const text = await request.text();
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch (cause) {
    throw new AppError("INVALID_INPUT", "The body of the request is not JSON.", { cause });
  }
}

function refusal(error: unknown, { log }: AuthServices): Response {
  if (error instanceof SignInRefusal) {
    return json(404, { error: { code: error.word, message: error.message } });
  }
  if (!isAppError(error)) {
    log.error({ err: error }, "a step of signing in failed");
    return json(500, { error: { code: "INTERNAL", message: "The gateway could not answer. Its log has the reason." } });
  }
  const { code, message, retryAfterSeconds } = error;
  const body = { error: { code, message, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) } };
  return json(ERROR_MEANINGS[code].http, body);
}

const json = (status: number, body: object): Response =>
  Response.json(body, { status, headers: { "cache-control": "no-store" } });
