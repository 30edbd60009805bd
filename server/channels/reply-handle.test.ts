import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { handleIsOver, handleSince } from "#server/channels/reply-handle.ts";

const LIFE = 900_000;
const since = (handle: number, replyHandle: string | null = "token") => ({
  conversationId: "c",
  threadId: null,
  messageId: null,
  isDirect: false,
  replyHandle,
  handleSince: handle,
});

describe("CHANNELS-8 the life of a reply handle", () => {
  it("ends at its very end, not a millisecond before", () => {
    expect(handleIsOver(since(1_000), 1_000, LIFE)).toBe(false);
    expect(handleIsOver(since(1_000), 1_000 + LIFE - 1, LIFE)).toBe(false);
    expect(handleIsOver(since(1_000), 1_000 + LIFE, LIFE)).toBe(true);
    expect(handleIsOver(since(1_000, null), 1_000 + LIFE, LIFE)).toBe(false);
  });

  it("is counted from the earlier of two times, and never comes back", () => {
    const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
    fc.assert(
      fc.property(fc.option(time), time, time, time, (sentAt, accepted, now, later) => {
        const from = handleSince({ sentAt }, new Date(accepted));
        expect(from).toBeLessThanOrEqual(accepted);
        expect(sentAt === null ? accepted : Math.min(sentAt, accepted)).toBe(from);
        const isBack = handleIsOver(since(from), now, LIFE) && !handleIsOver(since(from), now + later, LIFE);
        expect(isBack).toBe(false);
      }),
    );
  });
});
