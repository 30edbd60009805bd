/**
 * Ids of traces and spans, worked out from the ids on record: every process, and a reader of the record, finds the same ones, and nothing has to be
 * remembered between the beginning and the end of a request. Pure.
 */
import { hash } from "node:crypto";

/** A request id that carries its caller's trace (`newRequestId`): 32 digits of the trace, 16 of the span. */
const CARRIED = /_([0-9a-f]{32})([0-9a-f]{16})$/;

export interface TraceContext {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** The caller's span; null where it has none. */
  parentSpanId: string | null;
}

const digits = (text: string, length: number): string => hash("sha256", text).slice(0, length);

/** The trace that everything about one request belongs to. */
export function traceOf(requestId: string): TraceContext {
  const [, traceId, parentSpanId] = CARRIED.exec(requestId) ?? [];
  return traceId === undefined || parentSpanId === undefined
    ? { traceId: digits(`trace ${requestId}`, 32), parentSpanId: null }
    : { traceId, parentSpanId };
}

/** 16 hexadecimal digits. @param what `request`, `run`, `event`: kinds of spans whose ids must not meet */
export const spanIdOf = (what: string, id: string): string => digits(`${what} ${id}`, 16);

const RANGE = 2 ** 48;

/** Whether a trace is among the part that is kept. The same for all its spans, in every process. @param ratio 0 to 1 */
export function isSampled(traceId: string, ratio: number): boolean {
  return Number.parseInt(traceId.slice(-12), 16) < ratio * RANGE;
}
