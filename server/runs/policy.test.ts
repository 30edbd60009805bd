import { describe, expect, test } from "vitest";
import { eventWords, outcomeOf } from "#server/runs/policy.ts";
import { RUN_REASONS, type RunLimits } from "#server/sandbox/schema.ts";

const LIMITS: RunLimits = {
  memoryBytes: 64 * 1024 * 1024,
  cpuCores: 0.5,
  processes: 10,
  diskBytes: 1024 * 1024,
  diskBackend: "tmpfs",
  timeoutMs: 2_500,
  outputBytes: 1024 * 1024,
  network: "none",
  runtime: "runc",
  readonlyRoot: true,
  seccomp: "own",
  user: "nobody",
};
const RUN = {
  state: "failed",
  reason: "exit",
  exitCode: 3,
  message: null,
  limits: LIMITS,
  usage: null,
  cancelRequestedAt: null,
  cancelRequestedBy: null,
} as const;

describe("outcome", () => {
  test.each(RUN_REASONS)("%s has a title and a sentence, with and without limits on record", (reason) => {
    for (const limits of [LIMITS, null]) {
      const { title, text } = outcomeOf({ ...RUN, reason, limits });
      expect(title).not.toBe("");
      expect(text).toMatch(/\.$/);
      expect(`${title} ${text}`).not.toMatch(/undefined|null/);
    }
  });

  test("SBX-5 memory names the limit and where to raise it", () => {
    expect(outcomeOf({ ...RUN, reason: "memory" }).text).toContain("64 MiB");
    expect(outcomeOf({ ...RUN, reason: "memory" }).text).toContain("limits.memory");
  });

  test("SBX-12 a stopped run says by whom, while it is being stopped and after", () => {
    const asked = { cancelRequestedAt: new Date(), cancelRequestedBy: "Ana" };
    expect(outcomeOf({ ...RUN, ...asked, state: "running", reason: null })).toMatchObject({
      title: "Being stopped",
      text: expect.stringContaining("Ana asked for it") as string,
    });
    expect(outcomeOf({ ...RUN, ...asked, state: "cancelled", reason: "cancelled" }).text).toBe("Ana stopped this run.");
  });

  test("success is good, an exit code other than 0 is not", () => {
    expect(outcomeOf({ ...RUN, state: "succeeded", exitCode: 0 })).toMatchObject({ tone: "good", title: "Finished" });
    expect(outcomeOf(RUN)).toMatchObject({ tone: "bad", title: "Ended with exit code 3" });
  });
});

test("events have words, and what a program wrote stays apart from them", () => {
  const at = new Date();
  expect(eventWords({ seq: 1, at, kind: "tool_call", data: { id: "1", tool: "sh", input: "ls" } })).toEqual({
    title: "Calls tool sh",
    text: "ls",
  });
  expect(eventWords({ seq: 2, at, kind: "egress", data: { host: "evil.test", allowed: false } }).title).toBe(
    "Was kept from evil.test",
  );
});
