/** What other domains, processes and the command line may import of the anomaly detection. */
export { createRowReader, MAX_LINE, type CsvRow } from "#server/anomalies/csv.ts";
export { Detector } from "#server/anomalies/detector.ts";
