/** Words of sandbox runs: what is asked for, the states it goes through and what comes back. Browser-safe. */
import { z } from "zod";

export const LANGUAGES = ["python", "node", "sh"] as const;
export type Language = (typeof LANGUAGES)[number];

/** What a run is written in; `agent`: it is a question in words, answered by an agent. */
export const RUN_LANGUAGES = [...LANGUAGES, "agent"] as const;
export type RunLanguage = (typeof RUN_LANGUAGES)[number];

export const RUN_STATES = ["queued", "running", "succeeded", "failed", "cancelled"] as const;
export type RunState = (typeof RUN_STATES)[number];

/**
 * Why a run ended. `exit`: the program ended by itself (see the exit code); the five limits: memory, processes, disk, output_limit,
 * timeout; the others name what kept the run from being carried out.
 */
export const RUN_REASONS = [
  "exit",
  "memory",
  "processes",
  "disk",
  "output_limit",
  "timeout",
  "cancelled",
  "worker_lost",
  "engine_unavailable",
  "image_missing",
  "limit_unenforceable",
  "refused",
  "internal",
] as const;
export type RunReason = (typeof RUN_REASONS)[number];

/** Largest program that is accepted, in bytes of UTF-8. */
const MAX_CODE_BYTES = 256 * 1024;

const byteLength = (text: string): number => new TextEncoder().encode(text).length;

export const ProgramText = z
  .string()
  .min(1, "is empty: send the program to run")
  .refine((text) => byteLength(text) <= MAX_CODE_BYTES, `is larger than ${MAX_CODE_BYTES / 1024} KiB`)
  .refine((text) => !text.includes("\0") && text.isWellFormed(), "holds a NUL character or broken Unicode");

/** One side of an earlier exchange with an agent. */
export const Turn = z.strictObject({ role: z.enum(["user", "assistant"]), content: z.string() });
export type Turn = z.infer<typeof Turn>;

/** One accepted request for a run. Who asks has been decided before: nothing here is taken from the caller except language, code and key. */
export const RunRequest = z.strictObject({
  language: z.enum(RUN_LANGUAGES),
  code: ProgramText,
  /** Name of the sandbox profile; what it means is the worker's to know. */
  profile: z.string().min(1).default("default"),
  /** The agent and its model (`provider/model`); only with the language `agent`. */
  agent: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  /** The conversation that question and answer are remembered in; absent = they are not. */
  conversationId: z.string().optional(),
  /** Earlier turns of it that go with the question. */
  history: z.array(Turn).default([]),
  /** Paths below /workspace to keep when the program has ended. */
  outputs: z.array(z.string().min(1)).max(64).default([]),
  /** Makes a repeated request the same run; unique per principal. */
  idempotencyKey: z.string().min(1).max(200).optional(),
  principalId: z.string().min(1),
  tokenId: z.string().optional(),
  userId: z.string().optional(),
  roleName: z.string().min(1),
  channel: z.string().min(1),
  requestId: z.string().min(1),
});
export type RunRequest = z.infer<typeof RunRequest>;
/** As it is handed in: what has a default may be left out. */
export type RunRequestInput = z.input<typeof RunRequest>;

/** Measured use. Null where the engine gives no such figure (remote engine, a run that ended before the first sample). */
export const RunUsage = z.object({
  wallMs: z.number(),
  cpuMs: z.number().nullable(),
  memoryPeakBytes: z.number().nullable(),
  processesPeak: z.number().nullable(),
  diskBytes: z.number().nullable(),
  outputBytes: z.number(),
  /** Until a container was there for the program. Null in runs stored before this was measured, as is `warm`. */
  acquireMs: z.number().nullable().default(null),
  /** The container had been started ahead (from the pool). */
  warm: z.boolean().nullable().default(null),
  /** Calls of models and the tokens they used, in and out; null where the run could reach none. */
  modelCalls: z.number().nullable().default(null),
  modelTokens: z.number().nullable().default(null),
});
export type RunUsage = z.infer<typeof RunUsage>;

/** The limits as enforced and what holds each of them. */
export const RunLimits = z.object({
  memoryBytes: z.number(),
  cpuCores: z.number(),
  processes: z.number(),
  diskBytes: z.number(),
  /** `tmpfs` counts as memory; `loop-ext4` is a file system of its own. */
  diskBackend: z.enum(["tmpfs", "loop-ext4"]),
  timeoutMs: z.number(),
  outputBytes: z.number(),
  network: z.string(),
  runtime: z.string(),
  readonlyRoot: z.boolean(),
  seccomp: z.string(),
  user: z.string(),
});
export type RunLimits = z.infer<typeof RunLimits>;

/** A run as callers and the console see it. */
export interface RunView {
  id: string;
  state: RunState;
  reason: RunReason | null;
  /** One sentence for a person: what happened and, where there is one, the next step. */
  message: string | null;
  language: RunLanguage;
  profile: string;
  agent: string | null;
  model: string | null;
  exitCode: number | null;
  stdout: string;
  stderr: string;
  outputTruncated: boolean;
  usage: RunUsage | null;
  limits: RunLimits | null;
  imageDigest: string | null;
  attempt: number;
  principalId: string;
  userId: string | null;
  roleName: string;
  channel: string;
  requestId: string;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  cancelRequestedAt: Date | null;
}

export const FILE_DIRECTIONS = ["input", "output"] as const;
export const FILE_VERDICTS = ["stored", "refused", "quarantined"] as const;

/** A file of a run as callers see it. */
export interface RunFileView {
  id: string;
  direction: (typeof FILE_DIRECTIONS)[number];
  /** Below /workspace. */
  path: string;
  bytes: number;
  /** Hexadecimal; null unless it is stored. */
  sha256: string | null;
  verdict: (typeof FILE_VERDICTS)[number];
  /** Why it is not there, or what was noticed about it. */
  reason: string | null;
  createdAt: Date;
}

/** A run in a list: no program output. */
export type RunSummary = Omit<RunView, "stdout" | "stderr" | "limits">;

/** What a run may use of models, and how much of it is gone. */
export const RunGrantView = z.object({
  /** As `provider/model`, or beginnings with `*`. */
  models: z.array(z.string()),
  maxTokens: z.number(),
  /** Tokens of calls that have ended, and those set aside for calls under way. */
  usedTokens: z.number(),
  reservedTokens: z.number(),
  calls: z.number(),
  endedAt: z.date().nullable(),
});

/** A run with how it was carried out, without what it said. */
export interface RunDetail extends RunSummary {
  limits: RunLimits | null;
  /** Paths below /workspace that were to be kept. */
  outputs: string[];
  tokenId: string | null;
  workerId: string | null;
  containerId: string | null;
  /** `type:id` of who asked for its end. */
  cancelRequestedBy: string | null;
  grant: z.infer<typeof RunGrantView> | null;
}

/** What an event of each kind carries. Output text holds no control characters except tab and line ends. */
export const RunEventData = {
  queued: z.object({}),
  started: z.object({ attempt: z.number(), workerId: z.string() }),
  stdout: z.object({ text: z.string() }),
  stderr: z.object({ text: z.string() }),
  /** Use as it stands while the program runs; null where the engine gives no such figure. */
  usage: z.object({
    memoryBytes: z.number().nullable(),
    memoryPeakBytes: z.number().nullable(),
    cpuMs: z.number().nullable(),
    processes: z.number().nullable(),
    /** In use in all places the program can write. */
    diskBytes: z.number().nullable(),
  }),
  limit: z.object({ limit: z.string(), message: z.string() }),
  /** What an agent says about its work; together they are its transcript. From inside the container: bounded and cleaned, not proven. */
  message: z.object({ role: z.enum(["assistant", "note"]), text: z.string() }),
  tool_call: z.object({ id: z.string(), tool: z.string(), input: z.string() }),
  tool_result: z.object({ id: z.string(), ok: z.boolean(), output: z.string() }),
  /** A call of a model or a request over the egress proxy, as it ended. */
  model: z.object({
    model: z.string(),
    status: z.number(),
    inputTokens: z.number().nullable(),
    outputTokens: z.number().nullable(),
  }),
  egress: z.object({ host: z.string(), allowed: z.boolean() }),
  /** A file that came with the run or out of it. */
  file: z.object({
    direction: z.enum(FILE_DIRECTIONS),
    path: z.string(),
    bytes: z.number(),
    verdict: z.enum(FILE_VERDICTS),
    reason: z.string().nullable(),
  }),
  requeued: z.object({ attempt: z.number() }),
  end: z.object({
    state: z.enum(RUN_STATES),
    reason: z.enum(RUN_REASONS),
    exitCode: z.number().nullable(),
    message: z.string().nullable(),
  }),
} as const;
export type RunEventKind = keyof typeof RunEventData;

/** Kinds that are stored as they are, also with encryption: they carry numbers and names of workers, nothing that anybody wrote. */
export const OPEN_KINDS: ReadonlySet<RunEventKind> = new Set(["queued", "started", "usage", "requeued"]);

export type RunEvent = {
  [Kind in RunEventKind]: {
    runId: string;
    /** Starts at 1 and has no gaps: the resume id of a stream. */
    seq: number;
    kind: Kind;
    at: Date;
    data: z.infer<(typeof RunEventData)[Kind]>;
  };
}[RunEventKind];

/** What a worker says about its engine in its heartbeat. */
export const EngineFacts = z.object({
  reachable: z.boolean(),
  /** Where the engine is looked for, e.g. `unix:///var/run/docker.sock`. */
  endpoint: z.string(),
  version: z.string().nullable(),
  runtimes: z.array(z.string()),
  storageDriver: z.string().nullable(),
  image: z.string().nullable(),
  imageDigest: z.string().nullable(),
  /** What holds disk limits above the memory-backed size; null = larger limits are refused. */
  loopDisks: z.boolean(),
  error: z.string().nullable(),
});
export type EngineFacts = z.infer<typeof EngineFacts>;

const FINAL_STATES: ReadonlySet<RunState> = new Set(["succeeded", "failed", "cancelled"]);

export const isFinal = (state: RunState): boolean => FINAL_STATES.has(state);
