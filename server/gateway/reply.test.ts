import { describe, expect, it } from "vitest";
import { replyOfRun } from "#server/gateway/reply.ts";
import type { RunView } from "#server/sandbox/schema.ts";

const RUN: RunView = {
  id: "run_1",
  state: "succeeded",
  reason: "exit",
  message: null,
  language: "agent",
  profile: "default",
  agent: "default",
  model: "openai/gpt-5-mini",
  exitCode: 0,
  stdout: "",
  stderr: "",
  outputTruncated: false,
  usage: null,
  limits: null,
  imageDigest: null,
  attempt: 1,
  principalId: "token:t1",
  userId: null,
  roleName: "user",
  channel: "api",
  requestId: "req_1",
  createdAt: new Date(0),
  startedAt: new Date(0),
  finishedAt: new Date(0),
  cancelRequestedAt: null,
};

const exit = { state: "failed", reason: "exit", exitCode: 3, message: "The program ended with exit code 3." } as const;
const timeout = {
  state: "failed",
  reason: "timeout",
  message: "The program ran longer than 60 s and was stopped.",
} as const;

describe("the reply of an agent", () => {
  it.each<[string, Partial<RunView>, string]>([
    ["its answer alone", { stdout: "Forty-two.\n", stderr: "log line\n" }, "Forty-two."],
    ["nothing said", {}, "[the agent gave no answer]"],
    ["why it gave up", { ...exit, stderr: "log line\nNo step is left.\n" }, "[failed: No step is left]"],
    ["an answer and why it is not all", { ...exit, stdout: "Part", stderr: "Cut." }, "Part\n[failed: Cut]"],
    ["no word on it", exit, "[failed: The program ended with exit code 3]"],
    [
      "a limit, whatever it said before",
      { ...timeout, stderr: "busy" },
      "[failed: The program ran longer than 60 s and was stopped]",
    ],
    ["last words without end", { ...exit, stderr: "x".repeat(9_000) }, `[failed: ${"x".repeat(500)}]`],
  ])("%s", (_name, run, reply) => {
    expect(replyOfRun({ ...RUN, ...run })).toBe(reply);
  });
});

it("a program's reply has its errors too", () => {
  const run: RunView = {
    ...RUN,
    ...exit,
    language: "python",
    agent: null,
    stdout: "1\n",
    stderr: "Traceback\nError: x\n",
  };
  expect(replyOfRun(run)).toBe("1\nTraceback\nError: x\n[failed: The program ended with exit code 3]");
});
