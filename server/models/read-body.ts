/** The body of a call, bounded, as text. */
import type { IncomingMessage } from "node:http";
import { ModelRefusal } from "#server/models/api-error.ts";

const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** @throws ModelRefusal (400, 413); any other error when the caller leaves before the end. */
export async function readBody(request: IncomingMessage): Promise<{ text: string; bytes: number }> {
  const raw = await readBytes(request);
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(raw), bytes: raw.length };
  } catch {
    throw new ModelRefusal(400, "invalid_request", "The body must be a JSON object in UTF-8.");
  }
}

/** By events: leaving an iteration over the request would close the connection before the refusal is read. */
function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (finish: () => void): void => {
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      finish();
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > MAX_BODY_BYTES) {
        request.pause();
        const message = `A request may have ${MAX_BODY_BYTES} bytes. Send less at a time.`;
        settle(() => reject(new ModelRefusal(413, "body_too_large", message)));
      }
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks)));
    const onClose = (): void => settle(() => reject(new Error("the caller left before the end of its request")));
    if (request.destroyed) {
      // Closed while its token was looked up: no event would come any more.
      onClose();
      return;
    }
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}
