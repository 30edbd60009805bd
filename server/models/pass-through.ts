/** The body of a provider's answer on its way to the caller: as it comes, no faster than it is taken, and read for its usage. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { SseReader, type SseEvent } from "#server/models/sse.ts";
import { withoutUsage } from "#server/models/stream-filter.ts";
import type { StreamTranslator } from "#server/models/translator.ts";
import type { ProviderAnswer } from "#server/models/provider-call.ts";
import type { UsageReader } from "#server/models/usage.ts";

/** A whole answer up to this size is read for its usage and sent in one piece. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

export interface StreamPassage {
  body: ProviderAnswer["body"];
  response: ServerResponse;
  usage: UsageReader;
  /** Takes out the usage that the caller did not ask for. */
  hideUsage: boolean;
  /** Null = both sides speak the same API. */
  translator: StreamTranslator | null;
  signal: AbortSignal;
}

/** Events of a stream. @throws when either side breaks off. */
export async function passEvents(passage: StreamPassage): Promise<void> {
  const { body, response, usage, hideUsage, translator, signal } = passage;
  const reader = new SseReader();
  const asItIs = translator === null && !hideUsage;
  const read = (events: readonly SseEvent[]): Buffer => {
    const passed: Buffer[] = [];
    for (const event of events) {
      if (event.data !== null) {
        usage.readEvent(event.data);
      }
      if (translator !== null) {
        passed.push(...translator.push(event).map((text) => Buffer.from(text)));
      } else if (hideUsage) {
        passed.push(withoutUsage(event));
      }
    }
    return Buffer.concat(passed);
  };
  for await (const chunk of body) {
    const passed = read(reader.push(chunk));
    await write(response, asItIs ? chunk : passed, signal);
  }
  const rest = reader.end();
  const last = rest === null ? Buffer.alloc(0) : read([rest]);
  await write(response, asItIs ? Buffer.alloc(0) : last, signal);
  if (translator !== null) {
    await write(response, Buffer.from(translator.end().join("")), signal);
  }
}

/** An answer that is no stream: the whole of it, or its beginning and what is still to come of one that is too large. */
export type WholeAnswer = { bytes: Buffer; rest: null } | { bytes: Buffer; rest: AsyncIterator<Buffer> };

/** @throws when the provider breaks off. */
export async function readWhole({ headers, body }: ProviderAnswer): Promise<WholeAnswer> {
  if (Number(headers["content-length"] ?? Infinity) <= MAX_READ_BYTES) {
    return { bytes: await body.whole(), rest: null };
  }
  const kept: Buffer[] = [];
  let bytes = 0;
  for (let step = await body.next(); step.done !== true; step = await body.next()) {
    kept.push(step.value);
    bytes += step.value.length;
    if (bytes > MAX_READ_BYTES) {
      return { bytes: Buffer.concat(kept), rest: body };
    }
  }
  return { bytes: Buffer.concat(kept), rest: null };
}

/** The rest of an answer that was too large to be kept. @returns its size in bytes. @throws when either side breaks off. */
export async function passRest(
  rest: AsyncIterator<Buffer>,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<number> {
  let bytes = 0;
  for (let step = await rest.next(); step.done !== true; step = await rest.next()) {
    bytes += step.value.length;
    await write(response, step.value, signal);
  }
  return bytes;
}

export async function write(response: ServerResponse, bytes: Buffer, signal: AbortSignal): Promise<void> {
  if (bytes.length > 0 && !response.write(bytes)) {
    await once(response, "drain", { signal });
  }
}

/** The text of an error's body, as far as `limit` bytes, without the key that the provider may repeat in it. */
export async function errorText(body: ProviderAnswer["body"], key: string | null, limit: number): Promise<string> {
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > limit) {
      break;
    }
    kept.push(chunk);
  }
  const text = Buffer.concat(kept).toString();
  return key === null || key === "" ? text : text.replaceAll(key, "[redacted]");
}
