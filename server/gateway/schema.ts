/** The wire shapes of the gateway's API; validation and the OpenAPI document come from the same definitions. */
import { z } from "zod";
import { ChannelName, SubjectId } from "#server/access/schema.ts";
import { LANGUAGES, ProgramText, RUN_REASONS, RUN_STATES, RunLimits, RunUsage } from "#server/sandbox/schema.ts";

const MAX_TEXT_LENGTH = 200_000;
/** Bytes of a request body; more is refused before it is read. */
export const MAX_BODY_BYTES = 1_048_576;

const StorableText = z
  .string()
  .refine(
    (text) => !text.includes("\u0000") && text.isWellFormed(),
    "must not hold NUL characters or broken surrogate pairs",
  );

export const MessageBody = z
  .strictObject({
    channel: ChannelName.default("api").describe("Where the message comes from."),
    user: SubjectId.optional().describe("The end user's immutable id. Leave out to act as the token itself."),
    text: StorableText.min(1)
      .max(MAX_TEXT_LENGTH)
      .describe("`/<command> args`, `/run <python|node|sh>` with code on the next lines, or plain text for `ask`."),
  })
  .describe("A message to the gateway");
export type MessageBody = z.infer<typeof MessageBody>;

export const RunBody = z
  .strictObject({
    language: z.enum(LANGUAGES),
    code: ProgramText,
    channel: ChannelName.default("api"),
    user: SubjectId.optional(),
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
    language: z.enum(LANGUAGES),
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
  user: z.string().nullable(),
});
