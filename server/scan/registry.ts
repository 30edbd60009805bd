/** Every check there is. To add one: an entry in the file of its area, and a planted fault in `registry.test.ts`. */
import type { Check } from "#server/scan/check.ts";
import { ACCESS_CHECKS } from "#server/scan/checks/access.ts";
import { BACKUP_CHECKS } from "#server/scan/checks/backups.ts";
import { CHANNEL_CHECKS } from "#server/scan/checks/channels.ts";
import { DATA_CHECKS } from "#server/scan/checks/data.ts";
import { FILE_CHECKS } from "#server/scan/checks/files.ts";
import { FILE_POLICY_CHECKS } from "#server/scan/checks/files-policy.ts";
import { LIMIT_CHECKS } from "#server/scan/checks/limits.ts";
import { MACHINE_CHECKS } from "#server/scan/checks/machine.ts";
import { MEMBER_CHECKS } from "#server/scan/checks/members.ts";
import { MODEL_CHECKS } from "#server/scan/checks/models.ts";
import { MONITORING_CHECKS } from "#server/scan/checks/monitoring.ts";
import { NETWORK_CHECKS } from "#server/scan/checks/network.ts";
import { PROBLEM_CHECKS } from "#server/scan/checks/problems.ts";
import { RECORD_CHECKS } from "#server/scan/checks/record.ts";
import { SANDBOX_CHECKS } from "#server/scan/checks/sandbox.ts";
import { TLS_CHECKS } from "#server/scan/checks/tls.ts";
import { TOKEN_CHECKS } from "#server/scan/checks/tokens.ts";
import { DATABASE_CHECKS } from "#server/scan/checks/database.ts";
import { DEPENDENCY_CHECKS } from "#server/scan/checks/dependencies.ts";
import { ENGINE_CHECKS } from "#server/scan/checks/engine.ts";
import { LOG_CHECKS } from "#server/scan/checks/logs.ts";
import { PLATFORM_SECRET_CHECKS } from "#server/scan/checks/platform-secrets.ts";
import { PLATFORM_SENDER_CHECKS } from "#server/scan/checks/platform-senders.ts";
import { PLATFORM_CHECKS } from "#server/scan/checks/platforms.ts";
import { TOKEN_SETTING_CHECKS } from "#server/scan/checks/token-settings.ts";
import { UPKEEP_CHECKS } from "#server/scan/checks/upkeep.ts";
import { SCAN_AREAS } from "#server/scan/policy.ts";

/** By area, as reports and the documentation list them. */
export const CHECKS: readonly Check[] = [
  ...PROBLEM_CHECKS,
  ...FILE_CHECKS,
  ...NETWORK_CHECKS,
  ...TLS_CHECKS,
  ...TOKEN_SETTING_CHECKS,
  ...TOKEN_CHECKS,
  ...ACCESS_CHECKS,
  ...MEMBER_CHECKS,
  ...CHANNEL_CHECKS,
  ...PLATFORM_SECRET_CHECKS,
  ...PLATFORM_CHECKS,
  ...PLATFORM_SENDER_CHECKS,
  ...MODEL_CHECKS,
  ...SANDBOX_CHECKS,
  ...ENGINE_CHECKS,
  ...FILE_POLICY_CHECKS,
  ...LIMIT_CHECKS,
  ...LOG_CHECKS,
  ...RECORD_CHECKS,
  ...DATA_CHECKS,
  ...DATABASE_CHECKS,
  ...BACKUP_CHECKS,
  ...MONITORING_CHECKS,
  ...UPKEEP_CHECKS,
  ...DEPENDENCY_CHECKS,
  ...MACHINE_CHECKS,
].sort((a, b) => SCAN_AREAS.indexOf(a.area) - SCAN_AREAS.indexOf(b.area));

export const findCheck = (id: string): Check | undefined => CHECKS.find((check) => check.id === id);
