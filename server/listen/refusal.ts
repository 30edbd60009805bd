/** A refusal at the door, before anything knows who asks: what is put on record and what is answered. */
import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { AuditEventInput } from "#server/audit/schema.ts";
import { endWithAnswer } from "#server/core/http/raw-answer.ts";
import { apiSecurityHeaders } from "#server/core/http/security-headers.ts";
import { newRequestId } from "#server/core/ids.ts";
import type { ListenServices } from "#server/listen/services.ts";

export interface DoorRefusal {
  event: AuditEventInput["event"];
  reason: string;
  /** The configuration path that decided. */
  because?: string;
  address: string;
  data?: AuditEventInput["data"];
}

/** The answer to a refused request. */
export interface RefusalAnswer {
  status: number;
  code: string;
  message: string;
}

const UNRECORDED: RefusalAnswer = {
  status: 503,
  code: "audit_unavailable",
  message: "Refused, and the refusal could not be recorded. Check that PostgreSQL runs.",
};

/** Puts a refusal on record; floods share records. @returns false when that failed, which is logged. */
export async function recordDoorRefusal(
  services: Pick<ListenServices, "refusals" | "log">,
  refusal: DoorRefusal,
  requestId?: string,
): Promise<boolean> {
  const { event, reason, because, address, data } = refusal;
  try {
    await services.refusals.record(`${event}|${reason}|${address}`, {
      event,
      outcome: "denied",
      actor: { type: "anonymous", id: address },
      address,
      requestId,
      reason,
      because,
      data,
    });
    return true;
  } catch (error) {
    services.log.error({ err: error, event, reason, address }, "a refused connection could not be recorded");
    return false;
  }
}

/** Records, then answers, then ends the connection: whoever is refused at the door has no use for it. */
export async function answerRefusal(
  services: Pick<ListenServices, "refusals" | "log" | "web">,
  response: ServerResponse,
  refusal: DoorRefusal & RefusalAnswer,
): Promise<void> {
  const { status, headers, body } = await recordedAnswer(services, refusal);
  if (!response.destroyed) {
    response.writeHead(status, headers);
    response.end(body);
  }
}

/** The same where there is no response object: an upgrade, or bytes that are no request. */
export async function answerOnSocket(
  services: Pick<ListenServices, "refusals" | "log" | "web">,
  socket: Duplex,
  refusal: DoorRefusal & RefusalAnswer,
): Promise<void> {
  endWithAnswer(socket, await recordedAnswer(services, refusal));
}

async function recordedAnswer(
  services: Pick<ListenServices, "refusals" | "log" | "web">,
  refusal: DoorRefusal & RefusalAnswer,
) {
  const requestId = newRequestId();
  const recorded = await recordDoorRefusal(services, refusal, requestId);
  const { status, code, message } = recorded ? refusal : UNRECORDED;
  const body = JSON.stringify({ error: { code, message, requestId } });
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "content-length": String(Buffer.byteLength(body)),
    "cache-control": "no-store",
    connection: "close",
    "x-request-id": requestId,
    ...apiSecurityHeaders(services.web),
  };
  return { status, headers, body };
}
