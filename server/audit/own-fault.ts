/** The gateway's own faults as events. Their texts can hold anything, so they are for the application log; the record says what and where. */
import type { Actor, AuditEventInput } from "#server/audit/schema.ts";

export type FaultReason = "request_failed" | "uncaught_exception" | "unhandled_rejection";

/** @param about what failed: a request, a procedure, a process */
export function faultEvent(reason: FaultReason, error: unknown, actor: Actor, about: string): AuditEventInput {
  return { event: "system.error", outcome: "failed", actor, target: about, reason, data: faultFacts(error) };
}

/** Of an error only what nobody else can have written. */
export function faultFacts(error: unknown): { error: string; code: string | null; place: string | null } {
  if (!(error instanceof Error)) {
    return { error: typeof error, code: null, place: null };
  }
  const { name, stack = "" } = error;
  const code =
    "code" in error && typeof error.code === "string" && /^[A-Z0-9_]{1,64}$/.test(error.code) ? error.code : null;
  return { error: /^[A-Za-z]{1,64}$/.test(name) ? name : "Error", code, place: placeOf(stack) };
}

/** The first line of the stack in our own code, as path:line:column within the project. */
function placeOf(stack: string): string | null {
  const [, place] =
    /^\s+at .*?((?:server|sandbox-worker|cli|supervisor|app)\/[\w./()[\]-]+:\d+:\d+)\)?$/m.exec(stack) ?? [];
  return place ?? null;
}
