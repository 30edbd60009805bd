/** Every command there is. A name that is not here does not exist, whatever a policy says about it. */
import type { Permission } from "#server/access/index.ts";
import { approveCommand, denyCommand } from "#server/gateway/commands/approve.ts";
import { askCommand } from "#server/gateway/commands/ask.ts";
import { codeCommand } from "#server/gateway/commands/code.ts";
import type { Command } from "#server/gateway/commands/command.ts";
import { forgetCommand } from "#server/gateway/commands/forget.ts";
import { helpCommand } from "#server/gateway/commands/help.ts";
import { runCommand } from "#server/gateway/commands/run.ts";
import { statusCommand } from "#server/gateway/commands/status.ts";

export const COMMANDS: readonly Command[] = [
  helpCommand(() => COMMANDS),
  statusCommand,
  askCommand,
  forgetCommand,
  runCommand,
  codeCommand,
  approveCommand,
  denyCommand,
];
const BY_NAME: ReadonlyMap<string, Command> = new Map(COMMANDS.map((command) => [command.name, command]));

export const findCommand = (name: string): Command | undefined => BY_NAME.get(name);

/** The permission behind a command. A name that does not exist needs the least, so that its sender hears "unknown" rather than "forbidden". */
export const permissionOf = (name: string): Permission => BY_NAME.get(name)?.permission ?? "status:read";
