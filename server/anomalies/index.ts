/** What other domains, processes and the command line may import of the anomaly detection. */
export { createRowReader, MAX_LINE, type CsvRow } from "#server/anomalies/csv.ts";
export { Detector } from "#server/anomalies/detector.ts";
export { figure } from "#server/anomalies/evidence.ts";
export { listAnomalies, watchStatus } from "#server/anomalies/list.ts";
export { openAnomalyWatcher } from "#server/anomalies/live/watcher.ts";
export { watchSettings } from "#server/anomalies/settings.ts";
