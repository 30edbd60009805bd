/** The file of an export that was ordered in this session. */
import { exportBytes, exportHeaders, onOccasion, readTicket } from "#server/audit/index.ts";
import { can } from "#server/access/permissions.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError, isAppError } from "#server/core/errors.ts";
import { getContainer } from "#server/core/container.ts";
import type { AppServices } from "#server/services.ts";
import { createContext } from "#server/trpc/context.ts";
import { refuseRequest } from "#server/trpc/http-guard.ts";

const PERMISSION = "audit:export";

export async function GET(request: Request): Promise<Response> {
  const services = getContainer<AppServices>();
  const refusal = await refuseRequest(request, services, 0);
  if (refusal !== null) {
    return refusal;
  }
  try {
    return await download(request, services);
  } catch (error) {
    if (!isAppError(error)) {
      throw error;
    }
    const { code, message } = error;
    return Response.json(
      { error: { code, message } },
      { status: ERROR_MEANINGS[code].http, headers: { "cache-control": "no-store" } },
    );
  }
}

/** @throws AppError UNAUTHENTICATED, FORBIDDEN, NOT_FOUND */
async function download(request: Request, services: AppServices): Promise<Response> {
  const { session, origin } = await createContext(request.headers, services);
  if (session === null) {
    throw new AppError("UNAUTHENTICATED", "No console session, or it has ended. Sign in again.");
  }
  if (session.secondFactor === "missing" || !can(session.permissions, PERMISSION)) {
    await services.refusals.record(`access.denied|${session.actor.id}|${PERMISSION}`, {
      event: "access.denied",
      outcome: "denied",
      actor: session.actor,
      address: origin.address,
      requestId: origin.requestId,
      target: "GET /api/audit/export",
      reason: "permission_missing",
      because: PERMISSION,
    });
    throw new AppError("FORBIDDEN", `Your role lacks the permission "${PERMISSION}". Ask an administrator for it.`);
  }
  const order = readTicket(services, session.id, new URL(request.url).searchParams.get("order") ?? "");
  const reader = { sessionId: session.id, actor: session.actor };
  const occasion = { requestId: origin.requestId, address: origin.address };
  const chunks = onOccasion(occasion, () => exportBytes(services, reader, order));
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await onOccasion(occasion, () => chunks.next());
      if (done === true) {
        controller.close();
      } else {
        controller.enqueue(value);
      }
    },
    async cancel() {
      await onOccasion(occasion, () => chunks.return());
    },
  });
  return new Response(body, { headers: exportHeaders(order) });
}
