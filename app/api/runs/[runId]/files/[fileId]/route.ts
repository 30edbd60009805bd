/**
 * A file of a run, to save. Threat: content made by a program that a browser takes for a page of ours: it is sent as bytes, under a policy that
 * lets nothing of it run, and only to a page of ours with a session that may read the run.
 */
import { getContainer } from "#server/core/container.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError, isAppError } from "#server/core/errors.ts";
import { attachment } from "#server/core/http/attachment.ts";
import { apiSecurityHeaders } from "#server/core/http/security-headers.ts";
import type { AppServices } from "#server/services.ts";
import { callOrigin, createContext } from "#server/trpc/context.ts";
import { refuseRequest } from "#server/trpc/http-guard.ts";
import { createCaller } from "#server/trpc/root.ts";

interface Place {
  params: Promise<{ runId: string; fileId: string }>;
}

export async function GET(request: Request, { params }: Place): Promise<Response> {
  const services = getContainer<AppServices>();
  const refusal = await refuseRequest(request, services, 0);
  if (refusal !== null) {
    return refusal;
  }
  const headers = { ...apiSecurityHeaders(services.web), "cache-control": "no-store" };
  try {
    const context = await createContext(request.headers, services, true);
    const { runId, fileId } = await params;
    const { path, content } = await createCaller(context).runs.file({ runId, fileId });
    return new Response(new Uint8Array(content), {
      headers: {
        ...headers,
        "content-type": "application/octet-stream",
        "content-disposition": attachment(path),
      },
    });
  } catch (error) {
    const { requestId } = callOrigin(request.headers);
    const { code, message } = refusalOf(error) ?? unexpected(services, error, requestId);
    return Response.json({ error: { code, message, requestId } }, { status: ERROR_MEANINGS[code].http, headers });
  }
}

/** What a procedure threw, when it is for a person. */
function refusalOf(error: unknown): AppError | null {
  const cause = error instanceof Error && isAppError(error.cause) ? error.cause : error;
  return isAppError(cause) ? cause : null;
}

function unexpected({ log }: AppServices, error: unknown, requestId: string): AppError {
  log.error({ err: error, requestId }, "a file of a run could not be handed out");
  return new AppError("INTERNAL", `The file could not be read. The log has the reason under request ${requestId}.`);
}
