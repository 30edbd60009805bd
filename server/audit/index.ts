/** What other domains, processes and the command line may import of the record. */
export { auditBatch, recordEvents, recordEventsOn } from "#server/audit/record.ts";
export { awaitSealing, countWaiting } from "#server/audit/intake.ts";
export { createAuditWriter, type AuditWriter } from "#server/audit/writer.ts";
export { createCollapser, type Collapser } from "#server/audit/collapse.ts";
export { AUDIT_EVENTS, isAuditEvent, meaningOf, type AuditEventName } from "#server/audit/events.ts";
export { faultEvent, faultFacts } from "#server/audit/own-fault.ts";
export { isRecorded, onOccasion, recordOnly } from "#server/audit/surroundings.ts";
export { isListed } from "#server/audit/selection.ts";
export { AuditFilter } from "#server/audit/filter.ts";
export { OUTCOMES, SEVERITIES } from "#server/audit/schema.ts";
export { countEvents } from "#server/audit/reading/count.ts";
export { followEvents, listEvents, type AuditEntry } from "#server/audit/reading/query.ts";
export { histogram } from "#server/audit/reading/tally.ts";
export { lastHeardOf } from "#server/audit/reading/last-heard-of.ts";
export { canonicalJson } from "#server/audit/canonical-json.ts";
export { verifyRecord } from "#server/audit/proof/verify-record.ts";
export {
  checkConsistency,
  proveRecord,
  readCheckpointFile,
  readVerifyKeys,
  verifyExported,
  type AuditVerdict,
} from "#server/audit/proof/verify-commands.ts";
export { recordFile } from "#server/audit/record-file.ts";
export { EXPORT_FORMATS, type ExportFormat, type ExportOrder } from "#server/audit/export/schema.ts";
export { awaitCheckpoint, orderExport, type ExportSource } from "#server/audit/export/source.ts";
export { exportEvent } from "#server/audit/export/export-event.ts";
export { exportRecord } from "#server/audit/export/stream.ts";
export { readBegun } from "#server/audit/export/resume.ts";
export { readReportFacts, reportPeriod } from "#server/audit/report/facts.ts";
export { reportHtml } from "#server/audit/report/html.ts";
export { reportMarkdown } from "#server/audit/report/markdown.ts";
export { reportText } from "#server/audit/report/text.ts";
export { renderReport, REPORT_FORMATS, type ReportFormat } from "#server/audit/report/report.ts";
export { exportBytes, exportHeaders, readTicket } from "#server/audit/console/export.ts";
