/**
 * The one way to a live procedure: a subscription over server-sent events that ends with the caller's session, with the permission it was opened
 * with, and when the server stops. Each value has an id, and a connection that broke resumes behind the last one that arrived.
 *
 * `withPermission("runs", "read").input(z.strictObject({ …, lastEventId: LastEventId })).output(liveOutput(Value)).subscription(live(async function* …))`
 */
import { tracked, type TrackedEnvelope } from "@trpc/server";
import { z } from "zod";
import type { Permission } from "#server/access/permissions.ts";
import type { ConsoleSession } from "#server/auth/session.ts";
import type { AppError } from "#server/core/errors.ts";
import type { ConsoleContext } from "#server/trpc/context.ts";

/** What the browser says when it connects again. A field of every live procedure's input. */
export const LastEventId = z.string().max(100).nullish();

/** Output of a live procedure: each value is held to `value`. */
export function liveOutput<Value extends z.ZodType>(value: Value) {
  return z
    .custom<AsyncIterable<TrackedEnvelope<z.input<Value>>>>((given) => isAsyncIterable(given))
    .transform((values) => parsed(values, value));
}

interface LiveContext extends ConsoleContext {
  session: ConsoleSession;
  permission: string;
}

interface LiveCall<Input> {
  ctx: LiveContext;
  input: Input;
  signal: AbortSignal | undefined;
}

export interface LiveOptions<Input> {
  ctx: LiveContext;
  input: Input;
  /** Aborted when the client has left or may not go on: whatever the producer waits for must end with it. */
  signal: AbortSignal;
  /** Names a further permission that what is sent depends on; the stream ends when it is lost. */
  requires: (permission: Permission) => void;
}

/**
 * A resolver for `.subscription(…)` out of a producer of `tracked(id, value)`.
 * The stream throws AppError UNAUTHENTICATED, FORBIDDEN or MFA_REQUIRED when the caller may not go on, RATE_LIMITED for one stream too many, BUSY
 * when the server stops.
 */
export function live<Input, Value>(
  produce: (options: LiveOptions<Input>) => AsyncIterable<TrackedEnvelope<Value>>,
): (call: LiveCall<Input>) => AsyncGenerator<TrackedEnvelope<Value>, void> {
  return async function* ({ ctx, input, signal: client }) {
    const stop = new AbortController();
    const permissions = new Set([ctx.permission]);
    let ending: AppError | "left" | null = null;
    let wake = (): void => undefined;
    const end = (why: AppError | "left"): void => {
      ending ??= why;
      stop.abort();
      wake();
    };
    const { session, reauthenticate } = ctx;
    const close = ctx.services.live.open({ session, permissions, reauthenticate, end });
    const onLeft = (): void => end("left");
    client?.addEventListener("abort", onLeft, { once: true });
    if (client?.aborted === true) {
      onLeft();
    }
    const requires = (permission: Permission): void => void permissions.add(permission);
    const values = produce({ ctx, input, signal: stop.signal, requires })[Symbol.asyncIterator]();
    try {
      while (ending === null) {
        // Not Promise.race with one long promise: every lap would leave a reaction on it until the stream ends.
        const step = await new Promise<IteratorResult<TrackedEnvelope<Value>> | null>((resolve, reject) => {
          wake = () => resolve(null);
          values.next().then(resolve, reject);
        });
        if (step === null || step.done === true) {
          break;
        }
        yield step.value;
      }
      throwUnlessLeft(ending);
    } finally {
      close();
      client?.removeEventListener("abort", onLeft);
      stop.abort();
      // Not awaited: a value may be under way for as long as nothing happens.
      void Promise.resolve(values.return?.()).catch(() => undefined);
    }
  };
}

function throwUnlessLeft(ending: AppError | "left" | null): void {
  if (ending !== null && ending !== "left") {
    throw ending;
  }
}

async function* parsed<Value extends z.ZodType>(
  values: AsyncIterable<TrackedEnvelope<z.input<Value>>>,
  schema: Value,
): AsyncGenerator<TrackedEnvelope<z.output<Value>>, void> {
  for await (const [id, value] of values) {
    yield tracked(id, schema.parse(value));
  }
}

const isAsyncIterable = (given: unknown): boolean =>
  typeof given === "object" && given !== null && Symbol.asyncIterator in given;
