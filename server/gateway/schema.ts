/** The wire shapes of the gateway's API; validation and the OpenAPI document come from the same definitions. */
import { z } from "zod";
import { RUN_FILE_LIMITS } from "#server/files/schema.ts";
import { ChannelName, SubjectId } from "#server/access/schema.ts";
import {
  FILE_DIRECTIONS,
  FILE_VERDICTS,
  LANGUAGES,
  ProgramText,
  RUN_LANGUAGES,
  RUN_REASONS,
  RUN_STATES,
  RunLimits,
  RunUsage,
} from "#server/sandbox/schema.ts";

const MAX_TEXT_LENGTH = 200_000;
/** Bytes of a request body; more is refused before it is read. */
export const MAX_BODY_BYTES = 1_048_576;
/** The same where files may come along: those at their largest, in base64, and the text. */
export const MAX_BODY_BYTES_WITH_FILES = Math.ceil(RUN_FILE_LIMITS.inputBytes / 3) * 4 + MAX_BODY_BYTES;

const StorableText = z
  .string()
  .refine(
    (text) => !text.includes("\u0000") && text.isWellFormed(),
    "must not hold NUL characters or broken surrogate pairs",
  );

/** One pattern over megabytes would be slow or fail: characters are checked alone, their number apart. */
const Base64 = z
  .string()
  .refine((text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text), "must be base64 (RFC 4648, with =)");

const AttachedFile = z.strictObject({
  path: StorableText.min(1)
    .max(4096)
    .describe("Where the program finds it, below /workspace; security.fileSystem says which names may pass."),
  content: Base64.describe("In base64."),
});
export type AttachedFile = z.infer<typeof AttachedFile>;

/** What a message may carry for the run that it starts. */
const RunFields = {
  profile: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe("Sandbox profile, one of those the role may use (security.sandboxing.roles). Left out: its first."),
  files: z
    .array(AttachedFile)
    .max(RUN_FILE_LIMITS.inputs)
    .optional()
    .describe(`Files to bring along, ${RUN_FILE_LIMITS.inputBytes / 1024 ** 2} MiB together at most.`),
  outputs: z
    .array(StorableText.min(1).max(4096))
    .max(RUN_FILE_LIMITS.outputs)
    .optional()
    .describe(
      "Files and folders below /workspace to keep when the program has ended; GET /api/v1/runs/:id/files lists them.",
    ),
} as const;

export const MessageBody = z
  .strictObject({
    channel: ChannelName.default("api").describe("Where the message comes from."),
    user: SubjectId.optional().describe("The end user's immutable id. Leave out to act as the token itself."),
    text: StorableText.min(1)
      .max(MAX_TEXT_LENGTH)
      .describe("`/<command> args`, `/run <python|node|sh>` with code on the next lines, or plain text for `ask`."),
    ...RunFields,
  })
  .describe("A message to the gateway");
export type MessageBody = z.infer<typeof MessageBody>;

export const RunBody = z
  .strictObject({
    language: z.enum(LANGUAGES),
    code: ProgramText,
    channel: ChannelName.default("api"),
    user: SubjectId.optional(),
    ...RunFields,
  })
  .describe("Code to run in a sandbox");

export const IdempotencyKey = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\x21-\x7e]+$/, "printable ASCII without blanks");

export const RunView = z
  .object({
    id: z.string(),
    state: z.enum(RUN_STATES),
    reason: z.enum(RUN_REASONS).nullable(),
    message: z.string().nullable(),
    exitCode: z.number().int().nullable(),
    language: z.enum(RUN_LANGUAGES),
    profile: z.string(),
    agent: z.string().nullable(),
    model: z.string().nullable(),
    channel: z.string(),
    user: z.string().nullable(),
    attempt: z.number().int(),
    stdout: z.string(),
    stderr: z.string(),
    outputTruncated: z.boolean(),
    usage: RunUsage.nullable(),
    limits: RunLimits.nullable(),
    imageDigest: z.string().nullable(),
    createdAt: z.string(),
    startedAt: z.string().nullable(),
    finishedAt: z.string().nullable(),
  })
  .describe("A run and its outcome");

const DecisionView = z.object({ code: z.string(), because: z.string(), role: z.string() });

const RunFile = z.object({
  id: z.string(),
  direction: z.enum(FILE_DIRECTIONS),
  path: z.string(),
  bytes: z.number().int(),
  sha256: z.string().nullable(),
  verdict: z.enum(FILE_VERDICTS),
  reason: z.string().nullable().describe("Why it is not there, or what was noticed about it."),
  createdAt: z.string(),
});

export const RunFileList = z.object({ files: z.array(RunFile) }).describe("Files that came with a run or out of it");

export const MessageAnswer = z
  .object({
    reply: z.object({ text: z.string() }),
    runId: z.string().optional(),
    run: z
      .object({
        state: z.string(),
        exitCode: z.number().int().nullable(),
        reason: z.string().nullable(),
        usage: RunUsage.nullable(),
      })
      .optional(),
    decision: DecisionView,
  })
  .describe("The reply to a message");

export const ExplainAnswer = z
  .object({
    allow: z.boolean(),
    code: z.string(),
    because: z.string().describe("The configuration path or record that decided."),
    message: z.string(),
    role: z.string().nullable(),
    sender: z.string().nullable(),
    trace: z.array(z.object({ check: z.string(), passed: z.boolean(), because: z.string(), message: z.string() })),
    effective: z.object({
      permissions: z.array(z.string()),
      channels: z.array(z.string()),
      commands: z.array(z.string()),
    }),
    limits: z.array(z.object({ rule: z.string(), max: z.number().int(), windowMs: z.number().int() })),
  })
  .describe("A decision, explained");

export const LocatedAnswer = ExplainAnswer.extend({
  /** Where in the configuration file the rule stands that decided, as file:line:column; null when it stands elsewhere. */
  file: z.string().nullable(),
});
export type LocatedAnswer = z.infer<typeof LocatedAnswer>;

export const PolicyChoices = z.object({
  roles: z.array(z.string()),
  channels: z.array(z.string()),
  commands: z.array(z.string()),
});

export const ErrorBody = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      details: z.looseObject({}).optional(),
      requestId: z.string(),
    }),
  })
  .describe("An error: what failed and what to do about it");

export const WhoAmI = z.object({
  id: z.string(),
  name: z.string(),
  role: z.string(),
  permissions: z.array(z.string()),
  scopes: z.array(z.string()),
  channels: z.array(z.string()),
  commands: z.array(z.string()),
  models: z
    .array(z.string())
    .nullable()
    .describe("Models it may call of those its role may; empty = none, null = all."),
  user: z.string().nullable(),
});
