/** `openclaw access roles …` */
import type { Command } from "commander";
import { editAsOperator, policyNow, shown, type ListOptions } from "../access-edit.ts";
import { commaList } from "../comma-list.ts";
import { printJson, printTable, type CliContext } from "../context.ts";
import { deleteRole, saveRole } from "#server/access/index.ts";

interface SetOptions extends ListOptions {
  permissions?: string[];
  channels?: string[];
  commands?: string[];
}

export function registerRoles(access: Command, context: CliContext): void {
  const roles = access.command("roles").description("what each role may do");

  roles
    .command("list")
    .description("list the roles in force and where each is written")
    .option("--json", "print a list of {name, permissions, channels, commands, source}")
    .addHelpText("after", "\nExample:\n  openclaw access roles list")
    .action(async ({ json }: ListOptions) => list(context, json === true));

  roles
    .command("set <name>")
    .description("make a role, or change what is named of it; an empty list takes all of it away")
    .option("--permissions <list>", "*, read, write, or permissions such as runs:read, comma-separated", commaList)
    .option("--channels <list>", "channels it may use, comma-separated; * for all", commaList)
    .option("--commands <list>", "commands it may give, comma-separated; * for all", commaList)
    .option("--json", "print {before, after}")
    .addHelpText(
      "after",
      `
Examples:
  openclaw access roles set support --permissions read,tokens:read --channels slack --commands help,status
  openclaw access roles set support --commands ''`,
    )
    .action(async (name: string, options: SetOptions) => set(context, name, options));

  roles
    .command("delete <name>")
    .description("remove a role that no user and no live token has")
    .option("--json", "print {deleted}")
    .addHelpText("after", "\nExample:\n  openclaw access roles delete support")
    .action(async (name: string, { json }: ListOptions) => {
      await editAsOperator(context, (deps, operator) => deleteRole(deps, operator, name));
      if (json === true) {
        printJson(context, { deleted: name });
      } else {
        context.out(`Role ${name} is removed.`);
      }
    });
}

async function list(context: CliContext, json: boolean): Promise<void> {
  const { roles } = await policyNow(context);
  const rows = [...roles].map(([name, role]) => ({ name, ...role })).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (json) {
    printJson(context, rows);
  } else if (rows.length === 0) {
    context.err(
      "There is no role, so nobody may do anything. Make one with: openclaw access roles set user --permissions read,write --channels api --commands help,status",
    );
  } else {
    printTable(
      context,
      ["name", "permissions", "channels", "commands", "written in"],
      rows.map(({ name, permissions, channels, commands, source }) => [
        name,
        shown(permissions, ""),
        shown(channels, ""),
        shown(commands, ""),
        source,
      ]),
    );
  }
}

async function set(context: CliContext, name: string, { json, ...lists }: SetOptions): Promise<void> {
  const saved = await editAsOperator(context, (deps, operator) => saveRole(deps, operator, { name, ...lists }));
  if (json === true) {
    printJson(context, saved);
    return;
  }
  const { permissions, channels, commands } = saved.after;
  context.out(
    `Role ${name} is ${saved.before === null ? "made" : "set"}: permissions ${shown(permissions, "")}, channels ${shown(channels, "")}, commands ${shown(commands, "")}.`,
  );
  if (permissions.length === 0 || channels.length === 0 || commands.length === 0) {
    context.err("It needs a permission, a channel and a command to be let through at all.");
  }
}
