/** `openclaw start`: the supervisor in this process. */
import type { Command } from "commander";
import { addStartOptions, readStartOptions } from "../../supervisor/options.ts";
import { runSupervisor } from "../../supervisor/run.ts";

export function registerStart(program: Command): void {
  addStartOptions(program.command("start"))
    .description("start the gateway, the console, the sandbox worker and their database")
    .action((parsed: Record<string, unknown>) => runSupervisor(readStartOptions(parsed)));
}
