/** `openclaw security maintenance`: what has to be looked at now and then, when it last was, and when it is due (OPS-2). */
import type { Command } from "commander";
import { printJson, printTable, type CliContext } from "../context.ts";
import { withDatabase } from "../database.ts";
import { backupFolder, backupStatus } from "#server/backups/index.ts";
import { loadConfig } from "#server/config/index.ts";
import { systemClock } from "#server/core/clock.ts";
import { maintenanceIntervals, readMaintenanceFacts } from "#server/maintenance/index.ts";
import { dueItems } from "#server/maintenance/policy.ts";

export function registerMaintenance(security: Command, context: CliContext): void {
  security
    .command("maintenance")
    .description("list the upkeep with when it was last done and is due, from what it left behind")
    .option("--json", "print {enabled, items}")
    .addHelpText(
      "after",
      `
Exits with 0 when nothing is due, with 1 when something is. How often is set in security.maintenance; nothing can be ticked off by hand.

Example:
  openclaw security maintenance`,
    )
    .action(async ({ json }: { json?: boolean }) => maintenance(context, json === true));
}

async function maintenance(context: CliContext, asJson: boolean): Promise<void> {
  const { config } = loadConfig(context.paths.configFile);
  const now = new Date(systemClock.now());
  const { lastVerified } = backupStatus(backupFolder(context.paths));
  const facts = await withDatabase(context, (_db, pool) => readMaintenanceFacts(pool, lastVerified, now));
  const items = dueItems(facts, maintenanceIntervals(config), now);
  const { enabled } = config.security.maintenance;
  if (items.some(({ state }) => state === "due")) {
    context.setExitCode(1);
  }
  if (asJson) {
    printJson(context, { enabled, items });
    return;
  }
  const day = (date: Date | null, none: string): string => date?.toISOString().slice(0, 10) ?? none;
  printTable(
    context,
    ["upkeep", "last", "due", "state", "how"],
    items.map(({ label, lastAt, dueAt, state, command }) => [
      label,
      day(lastAt, dueAt === null ? "-" : "never"),
      day(dueAt, "-"),
      state === "due" ? "DUE" : "ok",
      command,
    ]),
  );
  if (!enabled) {
    context.err("Reminders are off: security.maintenance.enabled is false.");
  }
}
