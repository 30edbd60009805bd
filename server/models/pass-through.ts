/** The body of a provider's answer on its way to the program: as it comes, no faster than it is taken, and read for its usage. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { SseReader } from "#server/models/sse.ts";
import { withoutUsage } from "#server/models/stream-filter.ts";
import type { ProviderAnswer } from "#server/models/upstream.ts";
import type { UsageReader } from "#server/models/usage.ts";

/** A whole answer up to this size is read for its usage. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

interface PassThrough {
  body: ProviderAnswer["body"];
  response: ServerResponse;
  usage: UsageReader;
  /** Takes out the usage that the program did not ask for. */
  hideUsage: boolean;
  signal: AbortSignal;
}

/** Events of a stream. @throws when either side breaks off. */
export async function passEvents({ body, response, usage, hideUsage, signal }: PassThrough): Promise<void> {
  const reader = new SseReader();
  const read = (events: ReturnType<SseReader["push"]>): Buffer =>
    Buffer.concat(
      events.map((event) => {
        if (event.data !== null) {
          usage.readEvent(event.data);
        }
        return hideUsage ? withoutUsage(event) : event.raw;
      }),
    );
  for await (const chunk of body as AsyncIterable<Buffer>) {
    const passed = read(reader.push(chunk));
    await write(response, hideUsage ? passed : chunk, signal);
  }
  const rest = reader.end();
  if (rest !== null) {
    const passed = read([rest]);
    await write(response, hideUsage ? passed : Buffer.alloc(0), signal);
  }
}

/** An answer that is no stream. @returns its size in bytes. @throws when either side breaks off. */
export async function passWhole({ body, response, usage, signal }: Omit<PassThrough, "hideUsage">): Promise<number> {
  let bytes = 0;
  const kept: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_READ_BYTES) {
      kept.length = 0;
    } else {
      kept.push(chunk);
    }
    await write(response, chunk, signal);
  }
  usage.readWhole(Buffer.concat(kept).toString());
  return bytes;
}

async function write(response: ServerResponse, bytes: Buffer, signal: AbortSignal): Promise<void> {
  if (bytes.length > 0 && !response.write(bytes)) {
    await once(response, "drain", { signal });
  }
}

/** The text of an error's body, as far as `limit` bytes, without the key that the provider may repeat in it. */
export async function errorText(body: ProviderAnswer["body"], key: string | null, limit: number): Promise<string> {
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limit) {
      break;
    }
    kept.push(chunk);
  }
  const text = Buffer.concat(kept).toString();
  return key === null || key === "" ? text : text.replaceAll(key, "[redacted]");
}
