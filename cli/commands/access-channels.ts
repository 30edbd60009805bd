/** `openclaw access channels …` */
import type { Command } from "commander";
import { editAsOperator, policyNow, shown, type ListOptions } from "../access-edit.ts";
import { commaList } from "../comma-list.ts";
import { printJson, printTable, type CliContext } from "../context.ts";
import { deleteChannel, saveChannel } from "#server/access/index.ts";

interface SetOptions extends ListOptions {
  allowedUsers?: string[];
  allowedRoles?: string[];
  blockedUsers?: string[];
  allowedCommands?: string[];
  blockedCommands?: string[];
}

export function registerChannels(access: Command, context: CliContext): void {
  const channels = access.command("channels").description("who and what each channel lets in");

  channels
    .command("list")
    .description("list the channels that have rules, and where they are written")
    .option(
      "--json",
      "print a list of {channel, allowedUsers, allowedRoles, blockedUsers, allowedCommands, blockedCommands, source}",
    )
    .addHelpText("after", "\nExample:\n  openclaw access channels list")
    .action(async ({ json }: ListOptions) => list(context, json === true));

  channels
    .command("set <channel>")
    .description("give a channel rules, or change what is named of them; a block beats everything")
    .option("--allowed-users <list>", "ids that may come in, comma-separated; * for everybody", commaList)
    .option("--allowed-roles <list>", "roles that may come in; * for everybody", commaList)
    .option("--blocked-users <list>", "ids that may not", commaList)
    .option("--allowed-commands <list>", "commands that may be given; * for all the role has", commaList)
    .option("--blocked-commands <list>", "commands that may not", commaList)
    .option("--json", "print {before, after}")
    .addHelpText(
      "after",
      `
Examples:
  openclaw access channels set whatsapp --allowed-users user123,user456 --allowed-roles admin
  openclaw access channels set whatsapp --blocked-users spam_user --blocked-commands config,admin`,
    )
    .action(async (channel: string, options: SetOptions) => set(context, channel, options));

  channels
    .command("delete <channel>")
    .description("remove a channel's rules; roles alone then decide who may use it")
    .option("--json", "print {deleted}")
    .addHelpText("after", "\nExample:\n  openclaw access channels delete whatsapp")
    .action(async (channel: string, { json }: ListOptions) => {
      await editAsOperator(context, (deps, operator) => deleteChannel(deps, operator, channel));
      if (json === true) {
        printJson(context, { deleted: channel });
      } else {
        context.out(`Channel ${channel} has no rules any more: every role that may use it is let in.`);
      }
    });
}

async function list(context: CliContext, json: boolean): Promise<void> {
  const { channels } = await policyNow(context);
  const rows = [...channels]
    .map(([channel, rules]) => ({ channel, ...rules }))
    .sort((a, b) => (a.channel < b.channel ? -1 : 1));
  if (json) {
    printJson(context, rows);
  } else if (rows.length === 0) {
    context.err(
      "No channel has rules: roles alone decide. Give one rules with: openclaw access channels set whatsapp --allowed-roles user",
    );
  } else {
    printTable(
      context,
      ["channel", "users", "roles", "blocked users", "commands", "blocked commands", "written in"],
      rows.map((row) => [
        row.channel,
        shown(row.allowedUsers, ""),
        shown(row.allowedRoles, ""),
        shown(row.blockedUsers, ""),
        shown(row.allowedCommands, "of the role"),
        shown(row.blockedCommands, ""),
        row.source,
      ]),
    );
  }
}

async function set(context: CliContext, channel: string, { json, ...lists }: SetOptions): Promise<void> {
  const saved = await editAsOperator(context, (deps, operator) => saveChannel(deps, operator, { channel, ...lists }));
  if (json === true) {
    printJson(context, saved);
    return;
  }
  const { after } = saved;
  context.out(
    `Channel ${channel} is set: users ${shown(after.allowedUsers, "")}, roles ${shown(after.allowedRoles, "")}, blocked users ${shown(after.blockedUsers, "")}, commands ${shown(after.allowedCommands, "")}, blocked commands ${shown(after.blockedCommands, "")}.`,
  );
  if (after.allowedUsers.length === 0 && after.allowedRoles.length === 0) {
    context.err("It lets nobody in: name users with --allowed-users or roles with --allowed-roles.");
  }
}
