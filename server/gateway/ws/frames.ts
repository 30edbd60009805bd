/** The words of a live connection: what each side may say. docs/websocket.md describes them. */
import { z } from "zod";
import { ChannelName, CommandName, SubjectId } from "#server/access/schema.ts";
import type { errorBody } from "#server/gateway/answer.ts";
import { IdempotencyKey, MessageBody } from "#server/gateway/schema.ts";
import type { LimitState } from "#server/ratelimit/schema.ts";
import type { RunEventKind, RunReason, RunState, RunUsage } from "#server/sandbox/schema.ts";

/** Why the server ends a connection: RFC 6455 § 7.4.1, and in the private range the HTTP status that says the same. */
export const CLOSE = {
  goingAway: 1001,
  binary: 1003,
  tooBig: 1009,
  tryAgainLater: 1013,
  badRequest: 4400,
  unauthenticated: 4401,
  timeout: 4408,
  locked: 4423,
  tooMany: 4429,
} as const;
export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];

/** The only thing that is understood before the caller is known. */
export const AuthFrame = z.strictObject({ type: z.literal("auth"), token: z.string().min(1).max(512) });

/** The client's own name for a request; every frame that belongs to it carries it. */
export const CorrelationId = z.string().regex(/^[\x20-\x7e]{1,64}$/, "1 to 64 printable ASCII characters");
const RunId = z.string().min(1).max(64);

const frame = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.strictObject({ type: z.literal(type), id: CorrelationId, ...shape });

export const ClientFrame = z.discriminatedUnion(
  "type",
  [
    frame("message", { ...MessageBody.shape, idempotencyKey: IdempotencyKey.optional() }),
    frame("follow", { runId: RunId, after: z.int().min(0).max(2_147_483_647).default(0) }),
    frame("unfollow", {}),
    frame("cancel", { runId: RunId }),
    frame("limits", {
      channel: ChannelName.default("api"),
      command: CommandName.default("ask"),
      user: SubjectId.optional(),
    }),
    frame("ping", {}),
  ],
  { error: "a frame is an object whose type is message, follow, unfollow, cancel, limits or ping" },
);
export type ClientFrame = z.output<typeof ClientFrame>;
export type FrameOf<Type extends ClientFrame["type"]> = Extract<ClientFrame, { type: Type }>;

interface PolicyView {
  /** Where the rule stands. */
  rule: string;
  max: number;
  windowMs: number;
  remaining: number;
}

export type ServerFrame =
  | {
      type: "ready";
      connectionId: string;
      principal: {
        id: string;
        name: string;
        role: string;
        scopes: readonly string[];
        channels: readonly string[];
        user: string | null;
      };
      expiresAt?: string;
    }
  | { type: "accepted"; id: string; runId: string }
  | { type: "event"; id: string; runId: string; seq: number; kind: RunEventKind; at: string; [field: string]: unknown }
  | {
      type: "reply";
      id: string;
      text: string;
      runId?: string;
      run?: { state: RunState; exitCode: number | null; reason: RunReason | null; usage: RunUsage | null };
      decision: { code: string; because: string; role: string };
    }
  | { type: "done"; id: string; runId: string }
  | { type: "cancel"; id: string; runId: string; cancel: string }
  | { type: "limits"; id: string; policies: PolicyView[] }
  | { type: "error"; id?: string; error: ReturnType<typeof errorBody>["error"] & { retryAfterSeconds?: number } }
  | { type: "pong"; id: string };

export function limitsFrame(id: string, states: readonly LimitState[]): ServerFrame {
  const policies = states.map(({ rule, remaining }) => ({
    rule: rule.source,
    max: rule.max,
    windowMs: rule.windowMs,
    remaining,
  }));
  return { type: "limits", id, policies };
}
