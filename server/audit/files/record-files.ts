/** All files that the sealer writes rows to, as one: the record's own and the security log, with the settings they follow. */
import { openSecurityLog, type SecurityLogSettings } from "#server/audit/files/security-log.ts";
import { openMirror, type Mirror, type MirrorSettings } from "#server/audit/mirror.ts";
import type { AuditSeverity } from "#server/audit/schema.ts";
import type { Config } from "#server/config/schema.ts";
import type { Keyring } from "#server/core/crypto/keyring/index.ts";
import type { Logger } from "#server/core/log.ts";

interface RecordFilesOptions {
  recordFile: string;
  securityFile: string;
  /** Asked for when something is to be encrypted or read that is. */
  keyring: () => Promise<Keyring>;
  /** The configuration in force at the moment. */
  config: () => Pick<Config, "logging" | "security">;
  log: Pick<Logger, "error">;
}

export async function openRecordFiles(options: RecordFilesOptions): Promise<Mirror> {
  const { recordFile, securityFile, keyring, config, log } = options;
  const mirror = await openMirror(recordFile, { keyring, settings: () => mirrorSettings(config()), log });
  const securityLog = await openSecurityLog(securityFile, () => securitySettings(config()));
  return {
    ...mirror,
    async append(rows) {
      await securityLog.append(rows);
      await mirror.append(rows);
    },
    async tidy(now, record) {
      await securityLog.tidy(now, record);
      await mirror.tidy(now, record);
    },
    async close() {
      await securityLog.close();
      await mirror.close();
    },
  };
}

function mirrorSettings({ logging, security }: Pick<Config, "logging" | "security">): MirrorSettings {
  const { encryption, compression, maxFileSize, retention } = logging.audit;
  return {
    encryption,
    compression,
    maxFileBytes: maxFileSize,
    mode: security.storage.logPermissions,
    retentionMs: retention,
  };
}

const GRAVE_ENOUGH: Record<Config["logging"]["security"]["level"], readonly AuditSeverity[]> = {
  trace: ["info", "warn", "error", "critical"],
  debug: ["info", "warn", "error", "critical"],
  info: ["info", "warn", "error", "critical"],
  warn: ["warn", "error", "critical"],
  error: ["error", "critical"],
  fatal: ["critical"],
  silent: [],
};

function securitySettings({ logging, security }: Pick<Config, "logging" | "security">): SecurityLogSettings {
  return {
    kinds: logging.security.events,
    severities: GRAVE_ENOUGH[logging.security.level],
    maxFileBytes: logging.audit.maxFileSize,
    mode: security.storage.logPermissions,
    retentionMs: security.storage.logRetention,
  };
}
