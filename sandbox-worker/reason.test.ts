import { describe, expect, test } from "vitest";
import { endingOf, type ExitFacts } from "#worker/reason.ts";

const MiB = 1024 * 1024;
const fine: ExitFacts = {
  stopped: null,
  exitCode: 0,
  oomKilled: false,
  oomKills: 0,
  memoryPeakBytes: 10 * MiB,
  forksRefused: 0,
  diskFull: false,
  limits: { memoryBytes: 512 * MiB, processes: 64, diskBytes: 1024 * MiB, timeoutMs: 60_000, outputBytes: MiB },
};

describe("one reason for every end", () => {
  test.each<[name: string, facts: Partial<ExitFacts>, state: string, reason: string]>([
    ["exit 0", {}, "succeeded", "exit"],
    ["exit 1", { exitCode: 1 }, "failed", "exit"],
    ["ended by its own SIGKILL, far from its memory", { exitCode: 137 }, "failed", "exit"],
    ["SBX-5 the engine says out of memory", { exitCode: 137, oomKilled: true }, "failed", "memory"],
    ["SBX-5 the kernel counted a kill, the engine missed it", { exitCode: 137, oomKills: 1 }, "failed", "memory"],
    ["SBX-5 a child was killed, the program ended well", { oomKilled: true }, "failed", "memory"],
    ["SBX-5 exit 137 near the limit", { exitCode: 137, memoryPeakBytes: 500 * MiB }, "failed", "memory"],
    ["SBX-5 exit 137 and nothing known", { exitCode: 137, oomKills: null, memoryPeakBytes: null }, "failed", "memory"],
    ["SBX-8 refused forks, then failed", { exitCode: 2, forksRefused: 1 }, "failed", "processes"],
    ["SBX-8 refused forks, and it coped", { forksRefused: 3 }, "succeeded", "exit"],
    [
      "SBX-8 a fork bomb ended early",
      { stopped: "processes", exitCode: 137, forksRefused: 300 },
      "failed",
      "processes",
    ],
    [
      "SBX-8 refused forks until the time was over",
      { stopped: "timeout", exitCode: 137, forksRefused: 9 },
      "failed",
      "processes",
    ],
    ["SBX-7 full disk, then failed", { exitCode: 1, diskFull: true }, "failed", "disk"],
    ["SBX-7 full disk, and it coped", { diskFull: true }, "succeeded", "exit"],
    ["SBX-12 too long", { stopped: "timeout", exitCode: 137 }, "failed", "timeout"],
    ["SBX-12 too much output", { stopped: "output_limit", exitCode: 137 }, "failed", "output_limit"],
    ["SBX-12 stopped on request", { stopped: "cancelled", exitCode: 137 }, "cancelled", "cancelled"],
    [
      "stopped on request wins over a limit",
      { stopped: "cancelled", exitCode: 137, oomKilled: true },
      "cancelled",
      "cancelled",
    ],
    ["nothing can be read from a remote engine", { exitCode: 1, oomKills: null, forksRefused: null }, "failed", "exit"],
  ])("%s", (_name, facts, state, reason) => {
    expect(endingOf({ ...fine, ...facts })).toMatchObject({ state, reason });
  });
});

test("messages name the limit that was met", () => {
  expect(endingOf({ ...fine, oomKilled: true }).message).toContain("512 MiB");
  expect(endingOf({ ...fine, exitCode: 1, forksRefused: 1 }).message).toContain("64 processes");
  expect(endingOf({ ...fine, stopped: "timeout" }).message).toContain("60 s");
});
