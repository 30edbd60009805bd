/** What other domains may import of the sandbox. Schema and policy are imported from their own files. */
export { engineStatus, HEARTBEAT_LIMIT_MS, requireEngine } from "#server/sandbox/engine-status.ts";
export { getRun, listRuns, requireRun, type RunReading, type RunScope } from "#server/sandbox/get-run.ts";
export { openRunQueue, RUN_QUEUE, type RunJob } from "#server/sandbox/queue.ts";
export { requestCancel } from "#server/sandbox/request-cancel.ts";
export {
  fileEvent,
  listRunFiles,
  readInputs,
  readRunFile,
  runFileRows,
  storeRunFiles,
  type NewRunFile,
} from "#server/sandbox/run-files.ts";
export { getRunCode, getRunDetail } from "#server/sandbox/run-detail.ts";
export { listRunEvents } from "#server/sandbox/run-events.ts";
export { createRunOpener, createRunSeal, type RunSeal, type RunSealConfig } from "#server/sandbox/run-seal.ts";
export { createRunWatcher, type RunWatcher } from "#server/sandbox/run-watcher.ts";
export { submitRun, type SubmitDeps } from "#server/sandbox/submit-run.ts";
export { getTranscript, RunTranscript } from "#server/sandbox/transcript.ts";
