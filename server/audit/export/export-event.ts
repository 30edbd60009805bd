/** That an export begins or has ended, as an event of the record. Pure. */
import type { ExportOrder } from "#server/audit/export/schema.ts";
import type { Actor, AuditData, AuditEventInput } from "#server/audit/schema.ts";

/** @param rows how many events were written; null before the first byte leaves. */
export function exportEvent(
  { format, range, search }: ExportOrder,
  actor: Actor,
  reason: "started" | "finished" | "failed",
  rows: number | null,
): AuditEventInput {
  const filter = JSON.parse(JSON.stringify(search)) as AuditData;
  const data = { format, from: range.from, to: range.to, filter, ...(rows === null ? {} : { rows }) };
  return { event: "audit.exported", outcome: reason === "failed" ? "failed" : "ok", actor, reason, data };
}
