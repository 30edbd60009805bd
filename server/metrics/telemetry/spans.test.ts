import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { metricsBody, tracesBody } from "#server/metrics/telemetry/otlp.ts";
import { spanOfEvent, spanOfRequest, type TracedEvent } from "#server/metrics/telemetry/spans.ts";

const KNOWN: ReadonlySet<unknown> = new Set(Object.values(conventions));
const event = (over: Partial<TracedEvent>): TracedEvent => ({
  seq: 7,
  atMs: 1_760_000_000_000,
  event: "model.called",
  outcome: "ok",
  requestId: "req_1",
  target: "run_1",
  reason: "answered",
  data: {},
  ...over,
});

describe("MON-1 spans", () => {
  it("MON-1 attributes that are not our own are named as the semantic conventions name them", () => {
    const data = {
      ...{ model: "anthropic/claude", asked: "anthropic/claude", path: "/v1/messages", status: 529, wallMs: 10 },
      ...{ inputTokens: 1, outputTokens: 2, costNano: 5, state: "failed", exitCode: 1, command: "help" },
    };
    const spans = [
      spanOfEvent(event({ data, outcome: "failed", reason: "provider_error" }), 1),
      spanOfEvent(event({ event: "run.ended", data }), 1),
      spanOfEvent(event({ event: "message.received", data }), 1),
      spanOfRequest({ requestId: "req_1", method: "GET", route: "/x", status: 500, startMs: 1, endMs: 2 }, 1),
    ];
    const names = spans.flatMap((span) => Object.keys(span?.attributes ?? {}));
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !name.startsWith("openclaw.") && !KNOWN.has(name))).toEqual([]);
    expect(spans[0]).toMatchObject({ failure: "provider_error", attributes: { "error.type": "provider_error" } });
    expect(spans[0]?.parentSpanId).toBe(spans[1]?.spanId);
    expect(spans[1]?.parentSpanId).toBe(spans[3]?.spanId);
  });

  it("MON-1 a refused message tells nothing of what was typed", () => {
    const denied = spanOfEvent(event({ event: "access.denied", data: { command: "rm -rf secret" }, reason: "no" }), 1);
    expect(JSON.stringify(denied)).not.toContain("secret");
  });

  it("MON-1 whatever stands in an event, the body is valid and holds no more than words, numbers and ids", () => {
    const anything = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(fc.constantFrom("model.called", "run.ended", "limit.exceeded"), anything, (name, data) => {
        const span = spanOfEvent(event({ event: name, data: data }), 1);
        expect(span).not.toBeNull();
        const body = JSON.parse(tracesBody({ "service.name": "x" }, span === null ? [] : [span])) as object;
        expect(body).toMatchObject({ resourceSpans: [{ scopeSpans: [{ spans: [{ spanId: span?.spanId }] }] }] });
      }),
    );
  });

  it("MON-1 without a request, or outside the sample, there is no span", () => {
    expect(spanOfEvent(event({ requestId: null }), 1)).toBeNull();
    expect(spanOfEvent(event({}), 0)).toBeNull();
  });

  it("MON-1 a histogram's count is that of its classes", () => {
    const histogram = {
      ...({ type: "histogram", name: "h", description: "d", unit: "s", bounds: [1, 2] } as const),
      points: [{ attributes: { route: "x" }, classes: [1, 2, 3], sum: 9 }],
    };
    expect(JSON.parse(metricsBody({}, [histogram], 1_000, 2_000))).toMatchObject({
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                {
                  histogram: {
                    aggregationTemporality: 2,
                    dataPoints: [
                      {
                        count: "6",
                        bucketCounts: ["1", "2", "3"],
                        startTimeUnixNano: "1000000000",
                        timeUnixNano: "2000000000",
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
    });
  });
});
