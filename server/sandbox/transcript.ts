/** What a run did, for a person to read: question, messages, tools with their results, models, and how it ended. */
import { z } from "zod";
import { getRun, type RunReading, type RunScope } from "#server/sandbox/get-run.ts";
import { toEvent } from "#server/sandbox/run-view.ts";
import { isFinal, RUN_STATES, RunEventData, type RunEvent, type RunEventKind } from "#server/sandbox/schema.ts";

/** Events that say something about the work; output and use are read with the run itself. */
const KINDS = [
  "started",
  "message",
  "tool_call",
  "tool_result",
  "model",
  "egress",
  "file",
  "limit",
  "end",
] as const satisfies readonly RunEventKind[];
/** Events that one transcript shows. */
const MAX_EVENTS = 5_000;

const entry = <Kind extends string, Shape extends z.ZodRawShape>(kind: Kind, shape: Shape) =>
  z.object({ kind: z.literal(kind), at: z.iso.datetime(), ...shape });

const TranscriptEntry = z.discriminatedUnion("kind", [
  entry("started", { attempt: z.number() }),
  entry("message", RunEventData.message.shape),
  entry("tool", {
    tool: z.string().nullable().describe("Null when only the result was told."),
    input: z.string().nullable(),
    ok: z.boolean().nullable().describe("Null when no result was told."),
    output: z.string().nullable(),
    ms: z.number().nullable(),
  }),
  entry("model", RunEventData.model.shape),
  entry("egress", RunEventData.egress.shape),
  entry("file", RunEventData.file.shape),
  entry("limit", RunEventData.limit.shape),
  entry("end", RunEventData.end.shape),
]);
type TranscriptEntry = z.infer<typeof TranscriptEntry>;
type ToolEntry = Extract<TranscriptEntry, { kind: "tool" }>;

export const RunTranscript = z
  .object({
    runId: z.string(),
    state: z.enum(RUN_STATES),
    agent: z.string().nullable(),
    model: z.string().nullable(),
    question: z.string().nullable().describe("Null for a program."),
    answer: z.string().nullable().describe("What it printed; null while it works."),
    entries: z.array(TranscriptEntry),
    truncated: z.boolean().describe("There are more events than are shown."),
  })
  .describe("What a run did. Messages and tools are as the program told them: cleaned and bounded, not proven");
export type RunTranscript = z.infer<typeof RunTranscript>;

/**
 * Events of a run as entries in the order of their beginnings; a tool's call and result become one. Pure.
 * What comes from the container may be anything: results without a call, ids that repeat.
 */
export function transcriptOf(events: readonly RunEvent[]): TranscriptEntry[] {
  const entries: TranscriptEntry[] = [];
  /** Calls that wait for their result, and when they were made. */
  const open = new Map<string, { call: ToolEntry; since: number }>();
  for (const event of events) {
    const at = event.at.toISOString();
    switch (event.kind) {
      case "started":
        // A new attempt: what was under way in the one before has no result any more.
        open.clear();
        entries.push({ kind: "started", at, attempt: event.data.attempt });
        break;
      case "tool_call": {
        const { id, tool, input } = event.data;
        const call: ToolEntry = { kind: "tool", at, tool, input, ok: null, output: null, ms: null };
        open.set(id, { call, since: event.at.getTime() });
        entries.push(call);
        break;
      }
      case "tool_result": {
        const { id, ok, output } = event.data;
        const made = open.get(id);
        open.delete(id);
        if (made === undefined) {
          entries.push({ kind: "tool", at, tool: null, input: null, ok, output, ms: null });
        } else {
          Object.assign(made.call, { ok, output, ms: event.at.getTime() - made.since });
        }
        break;
      }
      case "message":
        entries.push({ kind: "message", at, ...event.data });
        break;
      case "model":
        entries.push({ kind: "model", at, ...event.data });
        break;
      case "egress":
        entries.push({ kind: "egress", at, ...event.data });
        break;
      case "file":
        entries.push({ kind: "file", at, ...event.data });
        break;
      case "limit":
        entries.push({ kind: "limit", at, ...event.data });
        break;
      case "end":
        entries.push({ kind: "end", at, ...event.data });
        break;
      default:
        break;
    }
  }
  return entries;
}

/** @throws AppError NOT_FOUND alike for a run that does not exist and one outside the scope. */
export async function getTranscript(reading: RunReading, runId: string, scope: RunScope = {}): Promise<RunTranscript> {
  const { db, runSeal } = reading;
  const { state, agent, model, language, stdout } = await getRun(reading, runId, scope);
  const rows = await db.runEvent.findMany({
    where: { runId, kind: { in: [...KINDS] } },
    orderBy: { seq: "asc" },
    take: MAX_EVENTS + 1,
  });
  const question =
    language === "agent" ? await db.run.findUnique({ where: { id: runId }, select: { code: true } }) : null;
  return {
    runId,
    state,
    agent,
    model,
    question: question === null ? null : runSeal.openText("code", runId, question.code),
    answer: isFinal(state) ? stdout : null,
    entries: transcriptOf(rows.slice(0, MAX_EVENTS).map((row) => toEvent(row, runSeal))),
    truncated: rows.length > MAX_EVENTS,
  };
}
