/** What the command line, the supervisor and the console may use of backups. */
export { findBackups, listBackups } from "#server/backups/list.ts";
export {
  backupFolder,
  makeBackup,
  prepareRestore,
  verifyBackup,
  type BackupContext,
  type PreparedRestore,
} from "#server/backups/use.ts";
