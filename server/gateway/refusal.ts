/** A refusal carries its own audit event, so that one place (`answer.ts`) records every one of them before anything is answered. */
import type { AuditEventInput } from "#server/audit/schema.ts";
import { AppError, type AppErrorCode, type AppErrorOptions } from "#server/core/errors.ts";

/** What the place that refuses knows; the caller, address and request id are added when it is recorded. */
export type RefusalEvent = { event: AuditEventInput["event"]; reason: string } & Partial<AuditEventInput>;

interface RefusalOptions extends AppErrorOptions {
  /** Extra response headers. */
  headers?: Record<string, string>;
}

export class Refusal extends AppError {
  /** Null: deliberately not on record (repeats of a refusal that is). */
  readonly event: RefusalEvent | null;
  readonly headers: Record<string, string>;

  constructor(code: AppErrorCode, userMessage: string, event: RefusalEvent | null, options: RefusalOptions = {}) {
    super(code, userMessage, options);
    this.event = event;
    this.headers = options.headers ?? {};
  }
}
