/** Security scans: what the command line, the server and the console may use. */
export { renderScan, SCAN_FORMATS, type ScanFormat } from "#server/scan/report/render.ts";
export { reaches } from "#server/scan/policy.ts";
export { scan } from "#server/scan/scan.ts";
export { createScanService, scanPlace, type ScanService } from "#server/scan/service.ts";
export { lastScan, storeScan } from "#server/scan/store.ts";
export { endSuppression, listSuppressions, suppressFinding } from "#server/scan/suppress.ts";
