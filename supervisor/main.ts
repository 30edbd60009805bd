/** Entry of the supervisor process: `node supervisor/main.ts [options]`, what `npm start` runs once everything is set up. */
import { Command } from "commander";
import { addStartOptions, readStartOptions } from "./options.ts";
import { runSupervisor } from "./run.ts";

const command = addStartOptions(new Command("npm start --")).description(
  "Start the gateway, the console, the sandbox worker and their database",
);
command.action((parsed: Record<string, unknown>) => runSupervisor(readStartOptions(parsed)));
await command.parseAsync();
