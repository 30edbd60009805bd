/** What the console asks and is told about runs. Lists hold neither programs nor what they said. Browser-safe. */
import { z } from "zod";
import {
  FILE_DIRECTIONS,
  FILE_VERDICTS,
  RUN_LANGUAGES,
  RUN_REASONS,
  RUN_STATES,
  RunEventData,
  RunGrantView,
  RunLimits,
  RunUsage,
  type RunEventKind,
} from "#server/sandbox/schema.ts";

export const RunId = z.string().min(1).max(64);
/** A name as a filter: compared whole. */
const Name = z.string().min(1).max(200);

export const RunListInput = z.strictObject({
  state: z.enum(RUN_STATES).optional(),
  user: Name.optional(),
  channel: Name.optional(),
  language: z.enum(RUN_LANGUAGES).optional(),
  profile: Name.optional(),
  agent: Name.optional(),
  since: z.date().optional(),
  until: z.date().optional(),
  limit: z.int().min(1).max(100).default(50),
  cursor: z.string().max(300).nullish(),
});

const RunRow = z.object({
  id: z.string(),
  state: z.enum(RUN_STATES),
  reason: z.enum(RUN_REASONS).nullable(),
  language: z.enum(RUN_LANGUAGES),
  profile: z.string(),
  agent: z.string().nullable(),
  model: z.string().nullable(),
  exitCode: z.number().nullable(),
  principalId: z.string(),
  userId: z.string().nullable(),
  roleName: z.string(),
  channel: z.string(),
  createdAt: z.date(),
  startedAt: z.date().nullable(),
  finishedAt: z.date().nullable(),
  cancelRequestedAt: z.date().nullable(),
});
export type RunRow = z.infer<typeof RunRow>;

export const RunPage = z.object({
  /** Server time of this page; ages are counted from it. */
  at: z.date(),
  runs: z.array(RunRow),
  /** Null on the last page. */
  nextCursor: z.string().nullable(),
  /** True when only the caller's own runs are shown. */
  ownOnly: z.boolean(),
});

export const RunDetailOutput = z.object({
  at: z.date(),
  run: RunRow.extend({
    /** One sentence for a person: what happened and, where there is one, the next step. */
    message: z.string().nullable(),
    outputTruncated: z.boolean(),
    usage: RunUsage.nullable(),
    limits: RunLimits.nullable(),
    imageDigest: z.string().nullable(),
    attempt: z.number(),
    requestId: z.string(),
    tokenId: z.string().nullable(),
    workerId: z.string().nullable(),
    containerId: z.string().nullable(),
    outputs: z.array(z.string()),
    grant: RunGrantView.nullable(),
    /** Who asked for its end: a name where there is one, otherwise `type:id`. */
    cancelRequestedBy: z.string().nullable(),
  }),
  /** Whether the caller may stop this run. */
  mayCancel: z.boolean(),
});
export type RunDetailOutput = z.infer<typeof RunDetailOutput>;

export const RunCode = z.object({ code: z.string() });

const event = <Kind extends RunEventKind, Data extends z.ZodType>(kind: Kind, data: Data) =>
  z.object({ seq: z.number(), kind: z.literal(kind), at: z.date(), data });

const RunEventOutput = z.discriminatedUnion("kind", [
  event("queued", RunEventData.queued),
  event("started", RunEventData.started),
  event("stdout", RunEventData.stdout),
  event("stderr", RunEventData.stderr),
  event("usage", RunEventData.usage),
  event("limit", RunEventData.limit),
  event("message", RunEventData.message),
  event("tool_call", RunEventData.tool_call),
  event("tool_result", RunEventData.tool_result),
  event("model", RunEventData.model),
  event("egress", RunEventData.egress),
  event("file", RunEventData.file),
  event("requeued", RunEventData.requeued),
  event("end", RunEventData.end),
]);
export type RunEventOutput = z.infer<typeof RunEventOutput>;

/** Events that came together, in order. */
export const RunEvents = z.array(RunEventOutput);

const RunFile = z.object({
  id: z.string(),
  direction: z.enum(FILE_DIRECTIONS),
  path: z.string(),
  bytes: z.number(),
  sha256: z.string().nullable(),
  verdict: z.enum(FILE_VERDICTS),
  reason: z.string().nullable(),
});
export type RunFile = z.infer<typeof RunFile>;
export const RunFiles = z.object({ files: z.array(RunFile) });

export const RunFileContent = z.object({ path: z.string(), content: z.instanceof(Uint8Array) });

export const CancelOutcome = z.object({ outcome: z.enum(["requested", "already_requested", "already_final"]) });

export const EngineCard = z.object({
  at: z.date(),
  /** What is missing and what to do, when nothing can run. */
  problem: z.string().nullable(),
  queued: z.number(),
  running: z.number(),
  workers: z.array(
    z.object({
      id: z.string(),
      host: z.string(),
      version: z.string(),
      heartbeatAt: z.date(),
      alive: z.boolean(),
      engine: z.object({
        reachable: z.boolean(),
        version: z.string().nullable(),
        runtimes: z.array(z.string()),
        storageDriver: z.string().nullable(),
        image: z.string().nullable(),
        imageDigest: z.string().nullable(),
        loopDisks: z.boolean(),
        error: z.string().nullable(),
      }),
    }),
  ),
});
export type EngineCard = z.infer<typeof EngineCard>;
