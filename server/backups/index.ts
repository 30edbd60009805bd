/** What the command line, the supervisor and the console may use of backups. */
export { claimJob, endAbandoned, endJob, tellProgress, type ClaimedJob } from "#server/backups/jobs.ts";
export { placeOf } from "#server/backups/request.ts";
export { JobOutcome } from "#server/backups/schema.ts";
export { backupFolder } from "#server/backups/folder.ts";
export { backupStatus, findBackups, listBackups } from "#server/backups/list.ts";
export {
  makeBackup,
  prepareRestore,
  verifyBackup,
  type BackupContext,
  type PreparedRestore,
} from "#server/backups/use.ts";
