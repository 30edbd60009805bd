/** One attempt at a webhook: signed, bounded in time and size, never redirected. */
import type { Dispatcher } from "undici";
import type { WebhookPoint } from "#server/alerts/points/resolve.ts";
import { outcomeOfStatus, type Outcome } from "#server/alerts/deliver/outcome.ts";
import { webhookBody } from "#server/alerts/render/index.ts";
import type { Notification } from "#server/alerts/notification.ts";
import { signStandard } from "#server/core/crypto/standard-webhooks.ts";
import { retryAfterMs } from "#server/core/http/retry-after.ts";
import { refusalOf } from "#server/core/net/outgoing.ts";

/** Of an answer that is read at all (bytes). */
const READ_BYTES = 4 * 1024;

/** @param id the same for every attempt. @param now milliseconds since 1970 */
export async function sendWebhook(
  dispatcher: Dispatcher,
  { url, format, keys, routingKey }: WebhookPoint,
  { id, content, now, timeoutMs }: { id: string; content: Notification; now: number; timeoutMs: number },
): Promise<Outcome> {
  const body = webhookBody(format, content, routingKey);
  try {
    const { origin, pathname, search } = new URL(url);
    const answer = await dispatcher.request({
      origin,
      path: `${pathname}${search}`,
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "openclaw-gateway",
        ...signStandard(keys, id, body, now),
      },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { statusCode, headers } = answer;
    // The status is what counts; an answer that breaks off after it changes nothing.
    const response = await beginning(answer.body).catch(() => "");
    const wait = headers["retry-after"];
    return {
      ...outcomeOfStatus(statusCode),
      status: statusCode,
      response,
      retryAfterMs: retryAfterMs(Array.isArray(wait) ? wait[0] : wait, now),
      settled: [],
    };
  } catch (error) {
    return unanswered(error);
  }
}

async function beginning(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= READ_BYTES) {
      break;
    }
  }
  return Buffer.concat(chunks).subarray(0, READ_BYTES).toString("utf8");
}

function unanswered(error: unknown): Outcome {
  const refusal = refusalOf(error);
  if (refusal !== null) {
    return {
      result: "refused",
      reason: "address_refused",
      status: null,
      response: refusal.message,
      retryAfterMs: null,
      settled: [],
    };
  }
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "failed";
  const response =
    error instanceof Error && error.name === "TimeoutError" ? "no answer in time" : `no answer (${code})`;
  return { result: "again", reason: null, status: null, response, retryAfterMs: null, settled: [] };
}
