/** `openclaw monitoring …`: what the gateway measures and finds unusual. */
import type { Command } from "commander";
import { registerAnomalies } from "./monitoring-anomalies.ts";
import { registerScore } from "./monitoring-score.ts";
import type { CliContext } from "../context.ts";

export function registerMonitoring(program: Command, context: CliContext): void {
  const monitoring = program.command("monitoring").description("what is measured, and what is unusual about it");
  registerAnomalies(monitoring, context);
  registerScore(monitoring, context);
}
