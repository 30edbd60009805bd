/** The one error type that reaches a person. Thrown anywhere, mapped once per transport by `error-map.ts`. */
export type AppErrorCode =
  | "INVALID_INPUT"
  | "UNAUTHENTICATED"
  | "FORBIDDEN"
  | "MFA_REQUIRED"
  | "STEP_UP_REQUIRED"
  | "NOT_FOUND"
  | "UNKNOWN_COMMAND"
  | "METHOD_NOT_ALLOWED"
  | "WRONG_HOST"
  | "CONFLICT"
  | "PAYLOAD_TOO_LARGE"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "RATE_LIMITED"
  | "LOCKED_OUT"
  | "LOCKED"
  | "NOT_CONFIGURED"
  | "ENGINE_UNAVAILABLE"
  | "STORE_UNAVAILABLE"
  | "AUDIT_UNAVAILABLE"
  | "CANNOT_DECRYPT"
  | "CONFIG_INVALID"
  | "BUSY"
  | "TIMEOUT"
  | "INTERNAL";

export interface AppErrorOptions {
  /** Machine-readable facts that are safe to show to the caller. */
  details?: Record<string, unknown>;
  cause?: unknown;
  /** Seconds after which a retry makes sense. */
  retryAfterSeconds?: number;
}

/** `userMessage` is shown as it stands: it names what failed and the next step, and holds no secret. */
export class AppError extends Error {
  readonly code: AppErrorCode;
  readonly details: Record<string, unknown> | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: AppErrorCode, userMessage: string, options: AppErrorOptions = {}) {
    super(userMessage, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.details = options.details;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/**
 * True for an `AppError`, also for one made by another copy of this module: Next bundles its own, and errors cross between the copies,
 * so `instanceof` would miss them.
 */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === "AppError" && "code" in error && "retryAfterSeconds" in error;
}

/** Text of anything that was thrown, for logs and for wrapping. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True for Node system errors with that code (`ENOENT`, `EADDRINUSE` …). */
export function hasErrorCode(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}
