/** What reaches the terminal of a process's log. */
import { describe, expect, it } from "vitest";
import { createLineCleaner, createLineFilter } from "./child-log.ts";

const entry = (level: number, msg: string, err?: string): string =>
  `${JSON.stringify({ level, msg, ...(err === undefined ? {} : { err: { message: err } }) })}\n`;

function filter(options: { verbose?: boolean; showPlain?: boolean; now?: () => number } = {}) {
  return createLineFilter({ verbose: false, showPlain: true, now: () => 0, ...options });
}

describe("createLineFilter", () => {
  it("shows errors with their cause and keeps the rest to the file", () => {
    expect(filter().take(entry(30, "listening") + entry(40, "slow") + entry(50, "failed", "no space"))).toEqual([
      "failed: no space",
    ]);
  });

  it("shows everything when verbose", () => {
    expect(filter({ verbose: true }).take(entry(20, "detail"))).toEqual(["detail"]);
  });

  it("shows crash traces of standard error but no plain chatter of standard output", () => {
    expect(filter().take("TypeError: x\n")).toEqual(["TypeError: x"]);
    expect(filter({ showPlain: false }).take("hello\n")).toEqual([]);
  });

  it("joins lines that arrive in pieces", () => {
    const lines = filter();
    const text = entry(50, "in two pieces");
    expect([...lines.take(text.slice(0, 9)), ...lines.take(text.slice(9))]).toEqual(["in two pieces"]);
  });

  it("cuts a flood short and shows again later", () => {
    let now = 1;
    const lines = filter({ now: () => now });
    expect(lines.take("x\n".repeat(500))).toHaveLength(20);
    now = 20_000;
    expect(lines.take("y\n")).toEqual(["y"]);
  });

  it("never lets log text drive the terminal", () => {
    expect(filter().take(entry(50, "\u001b[2Jgone\u0007\r"))).toEqual([" [2Jgone  "]);
  });

  it("bounds a line without an end", () => {
    const lines = filter();
    lines.take("a".repeat(10_000_000));
    expect(lines.take("\n")[0]?.length).toBeLessThanOrEqual(400);
  });
});

describe("AUD-10 createLineCleaner", () => {
  const secret = "Zq7canary0123456789abcdefABCDEF42";

  it("takes secrets out of crash traces, also when they come in pieces", () => {
    const cleaner = createLineCleaner();
    const trace = `Error: failed with Bearer ${secret}\n    at server/x.ts:1:1\nlast ocg_0123456789ab_${secret}`;
    const kept = [...trace].map((piece) => cleaner.take(piece)).join("") + cleaner.end();
    expect(kept).not.toContain(secret);
    expect(kept).toContain("    at server/x.ts:1:1\n");
    expect(cleaner.end()).toBe("");
  });

  it("keeps everything else, a line without an end too", () => {
    const cleaner = createLineCleaner();
    const long = "a".repeat(1_000_000);
    expect(cleaner.take("one\ntwo") + cleaner.take(long) + cleaner.end()).toBe(`one\ntwo${long}`);
  });

  it("nothing secret reaches the terminal", () => {
    expect(filter().take(`TypeError: Bearer ${secret}\n`).join()).not.toContain(secret);
  });
});
