/**
 * Sends to the collector. Nothing waits for it: one request is under way at a time, for at most ten seconds, and what it answers is thrown away. A
 * collector that is dead, slow or lies at an address that is not open costs spans, never time or memory.
 */
import { openOutgoing, refusalOf, type Outgoing } from "#server/core/net/outgoing.ts";
import type { AllowsPrivate } from "#server/core/net/outbound-policy.ts";

export interface Collector {
  /** As configured, without `/v1/…`. */
  endpoint: string;
  headers: Readonly<Record<string, string>>;
}

export interface Sender {
  /** Resolves with what went wrong, in words without anything of the headers; null when it was taken. */
  send(collector: Collector, signal: "traces" | "metrics", body: string): Promise<string | null>;
  close(): Promise<void>;
}

const ANSWER_MS = 10_000;
/** Of an answer that nobody reads. */
const MAX_ANSWER_BYTES = 64 * 1024;

export function openSender(allowsPrivate: AllowsPrivate): Sender {
  const outgoing: Outgoing = openOutgoing({ allowsPrivate, idleMs: ANSWER_MS });
  const stop = new AbortController();
  return {
    async send({ endpoint, headers }, signal, body) {
      try {
        const { origin, pathname } = new URL(endpoint);
        const answer = await outgoing.dispatcher.request({
          origin,
          path: `${pathname.replace(/\/+$/, "")}/v1/${signal}`,
          method: "POST",
          headers: { ...headers, "content-type": "application/json" },
          body,
          signal: AbortSignal.any([stop.signal, AbortSignal.timeout(ANSWER_MS)]),
        });
        await answer.body.dump({ limit: MAX_ANSWER_BYTES });
        const { statusCode } = answer;
        return statusCode >= 200 && statusCode < 300 ? null : `it answered with status ${statusCode}`;
      } catch (error) {
        const refused = refusalOf(error);
        if (refused !== null) {
          return refused.message;
        }
        return error instanceof Error && error.name === "TimeoutError"
          ? "it did not answer in time"
          : "it was not reached";
      }
    },
    async close() {
      stop.abort();
      await outgoing.close();
    },
  };
}
