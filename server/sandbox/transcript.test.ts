import fc from "fast-check";
import { expect, it } from "vitest";
import { RunEventData, type RunEvent, type RunEventKind } from "#server/sandbox/schema.ts";
import { RunTranscript, transcriptOf } from "#server/sandbox/transcript.ts";

type Told = { [Kind in RunEventKind]: [Kind, Extract<RunEvent, { kind: Kind }>["data"]] }[RunEventKind];

/** Events one second apart. */
const events = (...told: Told[]): RunEvent[] =>
  told.map(
    ([kind, data], index) =>
      ({ runId: "run_1", seq: index + 1, kind, at: new Date(1_000_000 + index * 1_000), data }) as RunEvent,
  );

const checked = (entries: unknown): RunTranscript["entries"] => RunTranscript.shape.entries.parse(entries);

it("tells the work in order, each tool with its result and its time", () => {
  const entries = transcriptOf(
    events(
      ["queued", {}],
      ["started", { attempt: 1, workerId: "wrk_1" }],
      ["model", { model: "openai/gpt-5-mini", status: 200, inputTokens: 11, outputTokens: 7 }],
      ["message", { role: "assistant", text: "I look." }],
      ["tool_call", { id: "a", tool: "shell", input: '{"command":"ls"}' }],
      ["tool_call", { id: "b", tool: "read_file", input: "{}" }],
      ["tool_result", { id: "b", ok: false, output: "There is no such file." }],
      ["tool_result", { id: "a", ok: true, output: "a.txt" }],
      ["stdout", { text: "Done." }],
      ["end", { state: "succeeded", reason: "exit", exitCode: 0, message: null }],
    ),
  );
  expect(checked(entries)).toEqual(entries);
  expect(entries).toMatchObject([
    { kind: "started", attempt: 1 },
    { kind: "model", inputTokens: 11 },
    { kind: "message", text: "I look." },
    { kind: "tool", tool: "shell", ok: true, output: "a.txt", ms: 3_000 },
    { kind: "tool", tool: "read_file", ok: false, output: "There is no such file.", ms: 1_000 },
    { kind: "end", state: "succeeded" },
  ]);
  expect(entries.map(({ at }) => at)).toEqual([...entries.map(({ at }) => at)].sort());
});

it("a call whose attempt was cut off has no result, and the next attempt's ids are its own", () => {
  const entries = transcriptOf(
    events(
      ["tool_call", { id: "a", tool: "shell", input: "first" }],
      ["requeued", { attempt: 1 }],
      ["started", { attempt: 2, workerId: "wrk_2" }],
      ["tool_result", { id: "a", ok: true, output: "stray" }],
      ["tool_call", { id: "a", tool: "shell", input: "second" }],
      ["tool_result", { id: "a", ok: true, output: "own" }],
    ),
  );
  expect(entries).toMatchObject([
    { kind: "tool", input: "first", ok: null, output: null, ms: null },
    { kind: "started", attempt: 2 },
    { kind: "tool", tool: null, input: null, output: "stray" },
    { kind: "tool", input: "second", output: "own", ms: 1_000 },
  ]);
});

it("takes any events a container can tell: nothing is lost, and every result is told once", () => {
  const id = fc.constantFrom("a", "b", "__proto__");
  const told = fc.oneof<fc.Arbitrary<Told>[]>(
    fc.record({ id, tool: fc.string(), input: fc.string() }).map((data): Told => ["tool_call", data]),
    fc.record({ id, ok: fc.boolean(), output: fc.string() }).map((data): Told => ["tool_result", data]),
    fc.record({ role: fc.constant("note" as const), text: fc.string() }).map((data): Told => ["message", data]),
    fc.constant<Told>(["started", { attempt: 1, workerId: "w" }]),
  );
  fc.assert(
    fc.property(fc.array(told), (list) => {
      const entries = checked(transcriptOf(events(...list)));
      const of = (kind: RunEventKind) => list.filter(([one]) => one === kind);
      const tools = entries.filter((entry) => entry.kind === "tool");
      expect(tools.filter(({ tool }) => tool !== null)).toHaveLength(of("tool_call").length);
      const outputs = tools.flatMap(({ output }) => (output === null ? [] : [output])).sort();
      expect(outputs).toEqual(
        of("tool_result")
          .map(([, data]) => RunEventData.tool_result.parse(data).output)
          .sort(),
      );
      expect(entries.length - tools.length).toBe(of("message").length + of("started").length);
    }),
  );
});
