/** A refusal carries its own audit event, so that one place (`answer.ts`) records every one of them before anything is answered. */
import type { AuditEventInput } from "#server/audit/schema.ts";
import { AppError, type AppErrorCode, type AppErrorOptions } from "#server/core/errors.ts";

/** What the place that refuses knows; the caller, address and request id are added when it is recorded. */
export type RefusalEvent = { event: AuditEventInput["event"]; reason: string } & Partial<AuditEventInput>;

interface RefusalOptions extends AppErrorOptions {
  /** Extra response headers. */
  headers?: Record<string, string>;
  /** Refusals that may come in floods: those with one key share records that count them (see server/audit/collapse.ts). */
  collapseKey?: string;
}

export class Refusal extends AppError {
  readonly event: RefusalEvent;
  readonly headers: Record<string, string>;
  readonly collapseKey: string | undefined;

  constructor(code: AppErrorCode, userMessage: string, event: RefusalEvent, options: RefusalOptions = {}) {
    super(code, userMessage, options);
    this.event = event;
    this.headers = options.headers ?? {};
    this.collapseKey = options.collapseKey;
  }
}
