/** One table: what an `AppError` code means on each transport. */
import type { AppErrorCode } from "#server/core/errors.ts";

interface ErrorMeaning {
  http: number;
  /** tRPC error code. */
  trpc:
    | "BAD_REQUEST"
    | "UNAUTHORIZED"
    | "FORBIDDEN"
    | "NOT_FOUND"
    | "METHOD_NOT_SUPPORTED"
    | "CONFLICT"
    | "PAYLOAD_TOO_LARGE"
    | "UNSUPPORTED_MEDIA_TYPE"
    | "TOO_MANY_REQUESTS"
    | "PRECONDITION_FAILED"
    | "SERVICE_UNAVAILABLE"
    | "TIMEOUT"
    | "INTERNAL_SERVER_ERROR";
  /** Exit code of the CLI: 2 usage, 3 not found, 4 refused, 5 unavailable, 6 configuration, 1 everything else. */
  cli: number;
}

export const ERROR_MEANINGS: Record<AppErrorCode, ErrorMeaning> = {
  INVALID_INPUT: { http: 400, trpc: "BAD_REQUEST", cli: 2 },
  UNAUTHENTICATED: { http: 401, trpc: "UNAUTHORIZED", cli: 4 },
  FORBIDDEN: { http: 403, trpc: "FORBIDDEN", cli: 4 },
  MFA_REQUIRED: { http: 403, trpc: "FORBIDDEN", cli: 4 },
  STEP_UP_REQUIRED: { http: 403, trpc: "FORBIDDEN", cli: 4 },
  NOT_FOUND: { http: 404, trpc: "NOT_FOUND", cli: 3 },
  UNKNOWN_COMMAND: { http: 404, trpc: "NOT_FOUND", cli: 3 },
  METHOD_NOT_ALLOWED: { http: 405, trpc: "METHOD_NOT_SUPPORTED", cli: 2 },
  WRONG_HOST: { http: 421, trpc: "FORBIDDEN", cli: 4 },
  CONFLICT: { http: 409, trpc: "CONFLICT", cli: 1 },
  PAYLOAD_TOO_LARGE: { http: 413, trpc: "PAYLOAD_TOO_LARGE", cli: 2 },
  UNSUPPORTED_MEDIA_TYPE: { http: 415, trpc: "UNSUPPORTED_MEDIA_TYPE", cli: 2 },
  RATE_LIMITED: { http: 429, trpc: "TOO_MANY_REQUESTS", cli: 4 },
  LOCKED_OUT: { http: 429, trpc: "TOO_MANY_REQUESTS", cli: 4 },
  // RFC 4918: no client takes it for a wrong credential or tries again by itself.
  LOCKED: { http: 423, trpc: "FORBIDDEN", cli: 4 },
  NOT_CONFIGURED: { http: 503, trpc: "PRECONDITION_FAILED", cli: 6 },
  ENGINE_UNAVAILABLE: { http: 503, trpc: "SERVICE_UNAVAILABLE", cli: 5 },
  STORE_UNAVAILABLE: { http: 503, trpc: "SERVICE_UNAVAILABLE", cli: 5 },
  AUDIT_UNAVAILABLE: { http: 503, trpc: "SERVICE_UNAVAILABLE", cli: 5 },
  CANNOT_DECRYPT: { http: 500, trpc: "INTERNAL_SERVER_ERROR", cli: 4 },
  CONFIG_INVALID: { http: 500, trpc: "PRECONDITION_FAILED", cli: 6 },
  BUSY: { http: 503, trpc: "SERVICE_UNAVAILABLE", cli: 5 },
  TIMEOUT: { http: 504, trpc: "TIMEOUT", cli: 5 },
  INTERNAL: { http: 500, trpc: "INTERNAL_SERVER_ERROR", cli: 1 },
};
