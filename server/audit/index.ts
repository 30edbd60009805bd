/** What other domains, processes and the command line may import of the record. */
export { recordEvents } from "#server/audit/record.ts";
export { awaitSealing, countWaiting } from "#server/audit/intake.ts";
export { createAuditWriter, type AuditWriter } from "#server/audit/writer.ts";
export { createCollapser, type Collapser } from "#server/audit/collapse.ts";
export type { AuditEventName } from "#server/audit/events.ts";
export { isListed } from "#server/audit/selection.ts";
export { AuditFilter, OUTCOMES, SEVERITIES } from "#server/audit/filter.ts";
export { followEvents, listEvents, type AuditEntry } from "#server/audit/query.ts";
export { canonicalJson } from "#server/audit/canonical-json.ts";
export { verifyRecord } from "#server/audit/verify-record.ts";
export { recordFile } from "#server/audit/record-file.ts";
