import { describe, expect, test } from "vitest";
import { findLines, LogLines, logText, MAX_LINES, splitByMatch } from "#components/runs/log-lines.ts";

function logOf(...pieces: ["stdout" | "stderr", string][]) {
  const log = new LogLines();
  pieces.forEach(([stream, text]) => log.append(stream, text));
  return log.read();
}
const textsOf = (...pieces: ["stdout" | "stderr", string][]) =>
  logOf(...pieces).lines.map(({ stream, text }) => (stream === "stderr" ? `! ${text}` : text));

describe("lines", () => {
  test("a line goes on in the next piece of its stream, past pieces of the other", () => {
    expect(textsOf(["stdout", "one tw"], ["stderr", "oops\n"], ["stdout", "o\nthree"])).toEqual([
      "one two",
      "! oops",
      "three",
    ]);
  });

  test("every line end counts once, also when it is cut, and empty lines stay", () => {
    expect(textsOf(["stdout", "a\r"], ["stdout", "\nb\n\nc\r\n"])).toEqual(["a", "b", "", "c"]);
  });

  test("a carriage return hides nothing: what it would overwrite stays", () => {
    expect(textsOf(["stdout", "rm -rf /\rls"])).toEqual(["rm -rf /", "ls"]);
  });

  test("hostile output is text without escapes", () => {
    expect(textsOf(["stdout", "<script>\u001B[31m\u0000</script>\n"])).toEqual(["<script>\u{fffd}</script>"]);
  });

  test("memory is bounded; what was dropped is counted and numbers go on", () => {
    const log = new LogLines();
    log.append("stdout", "x\n".repeat(MAX_LINES + 1));
    log.append("stdout", "last\n");
    const { lines, dropped } = log.read();
    expect(lines.length).toBeLessThanOrEqual(MAX_LINES);
    expect(lines.at(-1)).toMatchObject({ number: MAX_LINES + 2, text: "last" });
    expect(dropped + lines.length).toBe(MAX_LINES + 2);
  });

  test("a hundred thousand lines are quick", () => {
    const log = new LogLines();
    const started = performance.now();
    for (let n = 0; n < 1_000; n += 1) {
      log.append("stdout", "a line of some length, with words in it\n".repeat(100));
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

test("search finds lines whatever the case, and marks every place", () => {
  const { lines } = logOf(["stdout", "Error one\nfine\nan ERROR, error\n"]);
  expect(findLines(lines, "error")).toEqual([0, 2]);
  expect(findLines(lines, "")).toEqual([]);
  expect(splitByMatch("an ERROR, error", "error")).toEqual(["an ", "ERROR", ", ", "error", ""]);
  expect(splitByMatch("İx", "x")).toEqual(["İx"]);
});

test("as a file, errors are marked", () => {
  expect(logText(logOf(["stdout", "a\n"], ["stderr", "b\n"]))).toBe("a\n[stderr] b\n");
});
