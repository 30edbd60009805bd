/**
 * What the pipeline sees of a request and what it answers, whatever carried it: Hono, the plain Node adapter of the hot routes, or a test.
 */

export interface Incoming {
  method: string;
  /** Path without the query string. */
  path: string;
  query: URLSearchParams;
  /** Lower-case header names; repeated headers are joined as HTTP allows. */
  header(name: string): string | undefined;
  /** The client's address after trusted proxies were taken into account. */
  address: string;
  requestId: string;
  /** Reads the body, at most `limitBytes` of it. @throws AppError PAYLOAD_TOO_LARGE, TIMEOUT */
  readBody(limitBytes: number): Promise<Buffer>;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
}

/** What is known of a call without a body of its own, such as one frame of a live connection. */
export type Call = Omit<Incoming, "query" | "readBody">;

export interface Outgoing {
  status: number;
  headers: Record<string, string>;
  /** A whole body, as text or bytes, or the chunks of an event stream. */
  body: string | Uint8Array<ArrayBuffer> | AsyncIterable<string>;
}

export const isWhole = (body: Outgoing["body"]): body is string | Uint8Array<ArrayBuffer> =>
  typeof body === "string" || body instanceof Uint8Array;

export type WholeOutgoing = Outgoing & { body: string };

/** A JSON answer. */
export function json(status: number, value: unknown, headers: Record<string, string> = {}): WholeOutgoing {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
    body: JSON.stringify(value),
  };
}
