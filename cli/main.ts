/** The `openclaw` command. Parses, hands over to one module per command group, and turns errors into one line and an exit code. */
import { Command, CommanderError } from "commander";
import { registerAdmin } from "./commands/admin.ts";
import { registerAlerts } from "./commands/alerts.ts";
import { registerAccess } from "./commands/access.ts";
import { registerConnections } from "./commands/channels.ts";
import { registerConfig } from "./commands/config.ts";
import { registerConsole } from "./commands/console.ts";
import { registerFiles } from "./commands/files.ts";
import { registerGateway } from "./commands/gateway.ts";
import { registerIncidents } from "./commands/incident.ts";
import { registerOutsideKeys } from "./commands/keys.ts";
import { registerLogs } from "./commands/logs.ts";
import { registerModels } from "./commands/models.ts";
import { registerMonitoring } from "./commands/monitoring.ts";
import { registerPairing } from "./commands/pairing.ts";
import { registerQuarantine } from "./commands/quarantine.ts";
import { registerRuns } from "./commands/runs.ts";
import { registerStart } from "./commands/start.ts";
import { registerUserFactors } from "./commands/users.ts";
import { registerBackups } from "./commands/security-backup.ts";
import { registerCheckPermissions } from "./commands/security-check-permissions.ts";
import { registerCheckVulnerabilities } from "./commands/security-check-vulnerabilities.ts";
import { registerExplain } from "./commands/security-explain.ts";
import { registerExportAudit } from "./commands/security-export-audit.ts";
import { registerEncryptData } from "./commands/security-encrypt-data.ts";
import { registerFirewall } from "./commands/security-firewall.ts";
import { registerKeys } from "./commands/security-keys.ts";
import { registerMaintenance } from "./commands/security-maintenance.ts";
import { registerProveAudit } from "./commands/security-prove-audit.ts";
import { registerReport } from "./commands/security-report.ts";
import { registerScan } from "./commands/security-scan.ts";
import { registerStatus } from "./commands/security-status.ts";
import { registerValidateConfig } from "./commands/security-validate-config.ts";
import { registerVerifyAudit } from "./commands/security-verify-audit.ts";
import { createCliContext } from "./context.ts";
import { listedIn } from "./listed-kinds.ts";
import { onOccasion, recordOnly } from "#server/audit/index.ts";
import { homeDirectory, readEnv } from "#server/core/env.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { AppError, hasErrorCode, messageOf } from "#server/core/errors.ts";
import { newCommandId } from "#server/core/ids.ts";
import { homePaths } from "#server/core/paths.ts";
import { VERSION } from "#server/version.ts";

const USAGE_EXIT = ERROR_MEANINGS.INVALID_INPUT.cli;

async function main(argv: readonly string[]): Promise<void> {
  const env = readEnv();
  const context = createCliContext(homePaths(homeDirectory(env), env.OPENCLAW_CONFIG));
  const program = new Command("openclaw")
    .description("OpenClaw Gateway: a security gateway for AI agents")
    .version(VERSION)
    .showHelpAfterError("(add --help for the options and examples)")
    .exitOverride()
    .addHelpText(
      "after",
      "\nExit codes: 0 done, 1 failed, 2 wrong use, 3 not found, 4 refused, 5 not available, 6 configuration not valid",
    );
  registerStart(program);
  registerGateway(program, context);
  registerAccess(program, context);
  registerConnections(program, context);
  registerConfig(program, context);
  registerLogs(program, context);
  registerFiles(program, context);
  registerQuarantine(program, context);
  registerPairing(program, context);
  registerUserFactors(program, context);
  registerIncidents(program, context);
  registerModels(program, context);
  registerAlerts(program, context);
  registerMonitoring(program, context);
  registerOutsideKeys(program, context, process.stdin);
  registerRuns(program, context);
  registerConsole(program, context);
  registerAdmin(program, context);
  const security = program.command("security").description("checks of the installation");
  registerStatus(security, context);
  registerScan(security, context);
  registerExplain(security, context);
  registerValidateConfig(security, context);
  registerCheckPermissions(security, context);
  registerCheckVulnerabilities(security, context);
  registerReport(security, context);
  registerExportAudit(security, context);
  registerVerifyAudit(security, context);
  registerProveAudit(security, context);
  registerKeys(security, context);
  registerFirewall(security, context);
  registerMaintenance(security, context);
  registerBackups(security, context);
  registerEncryptData(security, context);
  recordOnly(listedIn(context.paths.configFile));
  await onOccasion({ requestId: newCommandId() }, () => program.parseAsync(argv));
}

// A reader such as `head` may close the pipe before everything is written: that is no failure.
process.stdout.on("error", (error) => process.exit(hasErrorCode(error, "EPIPE") ? 0 : 1));

main(process.argv).catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT;
    return;
  }
  process.stderr.write(`openclaw: ${messageOf(error)}\n`);
  process.exitCode = error instanceof AppError ? ERROR_MEANINGS[error.code].cli : 1;
});
