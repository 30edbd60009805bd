/** What other domains may import of the sandbox. Schema and policy are imported from their own files. */
export {
  engineStatus,
  HEARTBEAT_LIMIT_MS,
  requireEngine,
  type EngineStatus,
  type WorkerStatus,
} from "#server/sandbox/engine-status.ts";
export { getRun, listRuns, type RunListQuery, type RunPage, type RunScope } from "#server/sandbox/get-run.ts";
export { openRunQueue, RUN_QUEUE, type RunJob } from "#server/sandbox/queue.ts";
export { requestCancel, type CancelAnswer, type CancelRequest } from "#server/sandbox/request-cancel.ts";
export { createRunWatcher, type RunWatcher } from "#server/sandbox/run-watcher.ts";
export { submitRun, type SubmitDeps, type SubmittedRun } from "#server/sandbox/submit-run.ts";
