/** tRPC set up once: transformer, what a permission mark looks like, and how errors reach the browser. */
import type { TRPCError } from "@trpc/server";
import { initTRPC } from "@trpc/server";
import { TRPC_ERROR_CODES_BY_KEY } from "@trpc/server/rpc";
import superjson from "superjson";
import { z } from "zod";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { isAppError, type AppErrorCode } from "#server/core/errors.ts";
import type { ConsoleContext } from "#server/trpc/context.ts";

interface ProcedureMeta {
  /** `resource:action` that the caller must hold. */
  permission?: string;
  /** Asks for a fresh proof of identity. */
  stepUp?: boolean;
  /** Open before a second factor is enrolled. */
  enrolment?: boolean;
}

/** What the console gets with each error, beside tRPC's own fields. Never a stack or the text of an unexpected error. */
interface ErrorFacts {
  appCode: AppErrorCode;
  requestId: string | null;
  details: Record<string, unknown> | null;
  fieldErrors: Record<string, string[] | undefined> | null;
}

const t = initTRPC
  .context<ConsoleContext>()
  .meta<ProcedureMeta>()
  .create({
    transformer: superjson,
    // Proxies keep a connection that says something, and a page notices one that says nothing any more.
    sse: { ping: { enabled: true, intervalMs: 10_000 }, client: { reconnectAfterInactivityMs: 30_000 } },
    errorFormatter({ shape, error, ctx }) {
      const cause = error.cause;
      const requestId = ctx?.origin.requestId ?? null;
      const appError = isAppError(cause) ? cause : null;
      const invalid = cause instanceof z.ZodError && error.code === "BAD_REQUEST" ? cause : null;
      const unexpected = appError === null && error.code === "INTERNAL_SERVER_ERROR";
      const appCode = appError?.code ?? codeOf(error);
      const facts: ErrorFacts = {
        appCode,
        requestId,
        details: appError?.details ?? null,
        fieldErrors: invalid === null ? null : z.flattenError(invalid).fieldErrors,
      };
      return {
        ...shape,
        // A live view connects again by itself, or does not, by this number.
        code: appError === null ? shape.code : TRPC_ERROR_CODES_BY_KEY[ERROR_MEANINGS[appCode].trpc],
        message: messageFor(error, unexpected, requestId),
        data: {
          code: appError === null ? shape.data.code : ERROR_MEANINGS[appCode].trpc,
          httpStatus: appError === null ? shape.data.httpStatus : ERROR_MEANINGS[appCode].http,
          path: shape.data.path,
          ...facts,
        },
      };
    },
  });

function messageFor(error: TRPCError, unexpected: boolean, requestId: string | null): string {
  if (unexpected) {
    return `The gateway could not answer. Its log has the reason under request ${requestId ?? "(no id)"}.`;
  }
  return error.cause instanceof z.ZodError ? "Some values are not valid. Correct the marked fields." : error.message;
}

/** The domain code of an error that tRPC itself raised. */
function codeOf(error: TRPCError): AppErrorCode {
  const known = Object.entries(ERROR_MEANINGS).find(([, meaning]) => meaning.trpc === error.code);
  return (known?.[0] as AppErrorCode | undefined) ?? "INTERNAL";
}

export const { router, createCallerFactory } = t;
/** Not for routers: use `withPermission` (procedures.ts), which is built on it. */
export const baseProcedure = t.procedure;
