import { afterEach, describe, expect, test } from "vitest";
import { applyLogSettings, createLogger } from "#server/core/log.ts";

const SECRET = "Zq7canary0123456789abcdefABCDEF42";

/** A logger and the lines it wrote. */
function bench() {
  const lines: string[] = [];
  const log = createLogger("test", "trace", { write: (line) => void lines.push(line) });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? "") as Record<string, unknown> };
}

afterEach(() => {
  delete process.env["OPENCLAW_LOG_LEVEL"];
  applyLogSettings(createLogger("test", "silent"), { level: "silent", stacks: true });
});

describe("AUD-1 application log", () => {
  test("a line is one JSON object, whatever is logged", () => {
    const { log, lines } = bench();
    log.info({ name: 'a"\n{"level":60}' }, "first\nsecond\u001b[2J");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: 30, msg: "first\nsecond\u001b[2J" });
  });

  test("the level of the configuration counts, and follows it", () => {
    const { log, lines } = bench();
    applyLogSettings(log, { level: "error", stacks: true });
    log.info("unseen");
    expect(lines).toEqual([]);
    applyLogSettings(log, { level: "debug", stacks: true });
    log.debug("seen");
    expect(lines).toHaveLength(1);
    applyLogSettings(log, { level: "silent", stacks: true });
    log.fatal("unseen");
    expect(lines).toHaveLength(1);
  });

  test("OPENCLAW_LOG_LEVEL is stronger", () => {
    process.env["OPENCLAW_LOG_LEVEL"] = "fatal";
    const { log } = bench();
    applyLogSettings(log, { level: "debug", stacks: true });
    expect(log.level).toBe("fatal");
  });

  test("AUD-5 stacks are logged unless the configuration says no", () => {
    const { log, last } = bench();
    const error = new Error("outer", { cause: new Error("inner") });
    log.error({ err: error }, "failed");
    expect(last()["err"]).toMatchObject({ message: "outer", stack: expect.stringContaining("log.test.ts") as string });
    applyLogSettings(log, { level: "info", stacks: false });
    log.error({ err: error }, "failed");
    log.error(error);
    expect(last()["err"]).toEqual({ type: "Error", message: "outer", cause: { type: "Error", message: "inner" } });
  });
});

describe("AUD-10 nothing secret in the log", () => {
  test.each([
    ["in the message", (log: ReturnType<typeof bench>["log"]) => log.info(`token ocg_0123456789ab_${SECRET}`)],
    [
      "as an argument of the message",
      (log: ReturnType<typeof bench>["log"]) => log.info("header %s", `Bearer ${SECRET}`),
    ],
    [
      "as an object in the message",
      (log: ReturnType<typeof bench>["log"]) => log.info("body %j", { token: `${SECRET}` }),
    ],
    [
      "by name, deep inside",
      (log: ReturnType<typeof bench>["log"]) => log.info({ a: [{ b: { c: { apiKey: SECRET } } }] }, "x"),
    ],
    [
      "as the error itself",
      (log: ReturnType<typeof bench>["log"]) => log.error(new Error(`https://u:${SECRET}@host/`)),
    ],
    [
      "bound to a child logger",
      (log: ReturnType<typeof bench>["log"]) => log.child({ url: `http://h/?token=${SECRET}` }).info("x"),
    ],
  ])("%s", (_where, write) => {
    const { log, lines } = bench();
    write(log);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain(SECRET);
    expect(() => JSON.parse(lines[0] ?? "") as unknown).not.toThrow();
  });
});
