import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newRequestId } from "#server/core/ids.ts";
import { isSampled, spanIdOf, traceOf } from "#server/metrics/telemetry/trace-ids.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

describe("MON-1 ids of traces", () => {
  it("MON-1 a caller's trace goes on in ours, and the request's id stays unique", () => {
    const ids = [1, 2].map(() => newRequestId(`00-${TRACE}-${SPAN}-01`));
    expect(ids[0]).not.toBe(ids[1]);
    for (const id of ids) {
      expect(traceOf(id)).toEqual({ traceId: TRACE, parentSpanId: SPAN });
    }
  });

  it("MON-1 what is no trace context of version 00 counts for nothing", () => {
    const wrong = [
      `00-${TRACE.toUpperCase()}-${SPAN}-01`,
      `01-${TRACE}-${SPAN}-01`,
      `00-${"0".repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${"0".repeat(16)}-01`,
      `00-${TRACE}-${SPAN}`,
      ` 00-${TRACE}-${SPAN}-01`,
      `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    ];
    for (const header of wrong) {
      expect(newRequestId(header)).toMatch(/^req_[0-9a-z]{20}$/);
    }
    fc.assert(fc.property(fc.string(), (header) => /^req_[0-9a-z]{20}(?:_[0-9a-f]{48})?$/.test(newRequestId(header))));
  });

  it("MON-1 a request without one has a trace of its own, the same wherever it is worked out", () => {
    const id = newRequestId();
    expect(traceOf(id)).toEqual(traceOf(id));
    expect(traceOf(id).traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceOf(id).parentSpanId).toBeNull();
    expect(traceOf(newRequestId()).traceId).not.toBe(traceOf(id).traceId);
    expect(spanIdOf("run", id)).not.toBe(spanIdOf("request", id));
  });

  it("MON-1 about the configured part of traces is kept, whole traces each", () => {
    const traces = Array.from({ length: 4_000 }, () => traceOf(newRequestId()).traceId);
    const kept = (ratio: number) => traces.filter((trace) => isSampled(trace, ratio)).length;
    expect([kept(0), kept(1)]).toEqual([0, 4_000]);
    expect(kept(0.25)).toBeGreaterThan(850);
    expect(kept(0.25)).toBeLessThan(1_150);
  });
});
