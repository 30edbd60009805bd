/** The bytes of a file that a message names, from the platform's own host. */
import type { ChannelHttp } from "#server/channels/adapter.ts";
import type { InboundAttachment } from "#server/channels/schema.ts";
import { AppError } from "#server/core/errors.ts";

const TIMEOUT_MS = 60_000;

export interface Source {
  url: string;
  headers: Record<string, string>;
}

/** @throws AppError INVALID_INPUT when it is larger than `maxBytes`, or the platform does not give it. */
export async function fetchFile(
  http: ChannelHttp,
  attachment: InboundAttachment,
  source: Source,
  maxBytes: number,
): Promise<Buffer> {
  if ((attachment.bytes ?? 0) > maxBytes) {
    throw tooLarge(attachment, maxBytes);
  }
  const { url, headers } = source;
  // One more than allowed: a file that is exactly as large as it may be is told from one that was cut.
  const {
    status,
    headers: said,
    body,
  } = await http({
    method: "GET",
    url,
    headers,
    timeoutMs: TIMEOUT_MS,
    maxBytes: maxBytes + 1,
  });
  if (status !== 200) {
    throw unavailable(attachment, `HTTP ${status}`);
  }
  if (body.length > maxBytes || Number(said["content-length"] ?? 0) > maxBytes) {
    throw tooLarge(attachment, maxBytes);
  }
  return body;
}

export function unavailable(attachment: InboundAttachment, why: string): AppError {
  return new AppError("INVALID_INPUT", `The file "${attachment.name}" could not be fetched from the platform: ${why}.`);
}

function tooLarge(attachment: InboundAttachment, maxBytes: number): AppError {
  return new AppError("INVALID_INPUT", `The file "${attachment.name}" is larger than ${maxBytes} bytes.`);
}
