/** What other domains may import of the record. */
export { recordEvents } from "#server/audit/record.ts";
export { createAuditWriter, type AuditWriter } from "#server/audit/writer.ts";
export { isListed } from "#server/audit/selection.ts";
