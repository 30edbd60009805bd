/** One Ctrl-C, however often it arrives, is one wish. */
import { describe, expect, it } from "vitest";
import { readStopSignal } from "./stop-signal.ts";

describe("readStopSignal", () => {
  it("takes the first signal as a wish to stop", () => {
    expect(readStopSignal(null, 5)).toBe("gently");
  });
  it("takes echoes of it as the same wish, and a later one as impatience", () => {
    expect(readStopSignal(1_000, 1_999)).toBe("ignore");
    expect(readStopSignal(1_000, 2_000)).toBe("now");
  });
});
