import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { incrementsOf, type MeasuredEvent } from "#server/metrics/recorded/from-events.ts";

const event = (over: Partial<MeasuredEvent>): MeasuredEvent => ({
  at: "2026-03-01T10:00:30.000Z",
  event: "message.received",
  kind: "message_receive",
  outcome: "ok",
  actorType: "token",
  actorId: "tok_a",
  userId: undefined,
  tokenId: undefined,
  address: undefined,
  channel: undefined,
  data: {},
  ...over,
});
const lines = (...events: MeasuredEvent[]): string[] =>
  incrementsOf(events)
    .map(({ metric, subject, atMs, count, sum, max }) =>
      [metric, subject || "all", new Date(atMs).toISOString().slice(11, 16), count, sum, max].join(" "),
    )
    .sort();

describe("MON-1 what events come to", () => {
  it("MON-1 a failed sign-in counts for its address, and a record of many counts as many", () => {
    const failed = { event: "auth.token_rejected", kind: "authentication_failure", address: "192.0.2.7" };
    const anonymous = { actorType: "anonymous", actorId: "192.0.2.7" };
    expect(lines(event({ ...failed, ...anonymous }), event({ ...failed, ...anonymous, data: { count: 41 } }))).toEqual([
      "authentication_failures address:192.0.2.7 10:00 42 42 41",
      "authentication_failures all 10:00 42 42 41",
    ]);
  });

  it("MON-1 messages, files and limits count for user, token and channel, in the minute they happened", () => {
    const who = { userId: "ana", tokenId: "tok_b", channel: "slack", address: "192.0.2.7" };
    expect(lines(event(who), event({ ...who, at: "2026-03-01T10:01:00.000Z" }))).toEqual([
      "message_volume all 10:00 1 1 1",
      "message_volume all 10:01 1 1 1",
      "message_volume channel:slack 10:00 1 1 1",
      "message_volume channel:slack 10:01 1 1 1",
      "message_volume token:tok_b 10:00 1 1 1",
      "message_volume token:tok_b 10:01 1 1 1",
      "message_volume user:ana 10:00 1 1 1",
      "message_volume user:ana 10:01 1 1 1",
    ]);
    const file = event({ event: "file.accessed", kind: "file_access", actorType: "user", actorId: "bo" });
    expect(lines({ ...file, data: { bytes: 10 } }, { ...file, event: "file.refused", data: { bytes: null } })).toEqual([
      "file_access_patterns all 10:00 2 10 10",
      "file_access_patterns user:bo 10:00 2 10 10",
    ]);
    const denied = { event: "access.denied", kind: "authorization_denied", actorType: "member", actorId: "mem_x" };
    expect(lines(event(denied))).toEqual([
      "authorization_denials all 10:00 1 1 1",
      "authorization_denials member:mem_x 10:00 1 1 1",
    ]);
    const limited = event({ event: "limit.exceeded", kind: "rate_limit_exceeded", data: { count: 3, max: 9 } });
    expect(lines(limited)).toEqual(["rate_limited all 10:00 3 3 3", "rate_limited token:tok_a 10:00 3 3 3"]);
  });

  it("MON-1 runs count their CPU seconds, their running time where the engine has no figure", () => {
    const run = event({
      event: "run.ended",
      kind: "agent_execution",
      actorType: "worker",
      actorId: "w",
      userId: "ana",
    });
    const all = lines(
      { ...run, data: { wallMs: 4_000, cpuMs: 1_500, memoryPeakBytes: 5_000_000 } },
      { ...run, outcome: "failed", data: { wallMs: 2_000, cpuMs: null, memoryPeakBytes: null } },
    ).filter((line) => line.includes(" all "));
    expect(all).toEqual([
      "resource_usage all 10:00 2 3.5 2",
      "run_failures all 10:00 1 1 1",
      "run_memory_bytes all 10:00 1 5000000 5000000",
      "runs all 10:00 2 6 4",
    ]);
  });

  it("MON-1 calls of models count spend and tokens for caller and model", () => {
    const call = event({ event: "model.called", kind: "agent_execution" });
    const data = { model: "openai/gpt", inputTokens: 100, outputTokens: 20, costNano: 3_000_000, wallMs: 500 };
    const found = lines({ ...call, data }, { ...call, outcome: "failed", data: { ...data, costNano: null } });
    expect(found).toEqual(
      expect.arrayContaining([
        "model_calls model:openai/gpt 10:00 2 1 0.5",
        "model_errors token:tok_a 10:00 1 1 1",
        "model_spend_usd all 10:00 1 0.003 0.003",
        "model_tokens all 10:00 2 240 120",
      ]),
    );
  });

  it("MON-1 no event, however it lies, makes a bucket wrong", () => {
    const anything = fc.record({
      at: fc.oneof(
        fc.constant("9000000000000000 ms"),
        fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
      ),
      event: fc.constantFrom("run.ended", "model.called", "file.accessed", "auth.token_rejected", "x"),
      kind: fc.constantFrom("authentication_failure", "rate_limit_exceeded", "errors", "x"),
      outcome: fc.constantFrom("ok", "failed", ""),
      actorType: fc.constantFrom("user", "token", "member", "anonymous"),
      actorId: fc.string({ unit: "binary" }),
      userId: fc.option(fc.string({ unit: "binary", maxLength: 400 }), { nil: undefined }),
      tokenId: fc.option(fc.string(), { nil: undefined }),
      address: fc.option(fc.string(), { nil: undefined }),
      channel: fc.option(fc.string(), { nil: undefined }),
      data: fc.dictionary(
        fc.constantFrom("count", "wallMs", "cpuMs", "bytes", "costNano", "inputTokens", "memoryPeakBytes", "model"),
        fc.oneof(fc.double(), fc.integer(), fc.constant(Number.MAX_VALUE), fc.string(), fc.constant(null)),
      ),
    });
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 20 }), (events) => {
        const found = incrementsOf(events);
        const keys = found.map(({ metric, subject, atMs }) => `${metric}|${subject}|${atMs}`);
        expect(new Set(keys).size).toBe(keys.length);
        for (const { subject, atMs, count, sum, max } of found) {
          expect(subject.isWellFormed() && subject.length <= 200 && atMs % 60_000 === 0).toBe(true);
          expect(Number.isSafeInteger(count) && count > 0 && count <= 20e6).toBe(true);
          expect(sum >= 0 && sum <= 20e12 * 2 && max >= 0 && max <= 2e12).toBe(true);
        }
      }),
    );
  });
});
