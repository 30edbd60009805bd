/** What other domains, the worker and the command line may import of files. Schema and policy are imported from their own files. */
export { newLook } from "#server/files/archive.ts";
export { checkFile } from "#server/files/check-file.ts";
export { atDescriptor, openPath, whereIs } from "#server/files/descend.ts";
export { deleteQuarantined } from "#server/files/quarantine-delete.ts";
export { quarantineFile, type QuarantineDeps } from "#server/files/quarantine-file.ts";
export { listQuarantine, showQuarantined } from "#server/files/quarantine-list.ts";
export { recoverQuarantine } from "#server/files/quarantine-recover.ts";
export { restoreQuarantined } from "#server/files/quarantine-restore.ts";
export { accessRecorder } from "#server/files/record-access.ts";
export { FileRefused } from "#server/files/refused.ts";
export {
  judgeRunFile,
  noticed,
  RunFileNames,
  wantedPathRefusal,
  type RunFileRules,
  type RunFileVerdict,
} from "#server/files/run-file.ts";
