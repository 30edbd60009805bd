/** HTTP of a channel without the judgement of addresses, for tests of one adapter alone. */
import { request } from "undici";
import type { ChannelHttp } from "#server/channels/adapter.ts";

export const plainHttp: ChannelHttp = async ({
  method,
  url,
  headers,
  body,
  timeoutMs = 5_000,
  maxBytes = Infinity,
}) => {
  const response = await request(url, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    const piece = (chunk as Buffer).subarray(0, maxBytes - length);
    chunks.push(piece);
    length += piece.length;
  }
  return {
    status: response.statusCode,
    headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
    body: Buffer.concat(chunks),
  };
};
