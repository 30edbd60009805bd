/** `openclaw access users …` */
import type { Command } from "commander";
import { editAsOperator, policyNow, shown, type ListOptions } from "../access-edit.ts";
import { commaList } from "../comma-list.ts";
import { printJson, printTable, type CliContext } from "../context.ts";
import { deleteUser, saveUser } from "#server/access/index.ts";
import type { UserEdit } from "#server/access/schema.ts";
import { parseDuration } from "#server/config/index.ts";
import { AppError } from "#server/core/errors.ts";

interface SetOptions extends ListOptions {
  role?: string;
  channels?: string[];
  allChannels?: boolean;
  maxMessages?: string;
  timeWindow?: string;
  limit?: boolean;
  /** False: `--no-member`. */
  member?: string | false;
}

export function registerUsers(access: Command, context: CliContext): void {
  const users = access.command("users").description("people known by their immutable id");

  users
    .command("list")
    .description("list the users in force and where each is written")
    .option("--json", "print a list of {id, role, channels, restrictions, source}")
    .addHelpText("after", "\nExample:\n  openclaw access users list")
    .action(async ({ json }: ListOptions) => list(context, json === true));

  users
    .command("set <id>")
    .description("make a user's record, or change what is named of it")
    .option("--role <name>", "the user's role; a new record needs one")
    .option(
      "--channels <list>",
      "channels of the role the user may use, comma-separated; an empty list is none",
      commaList,
    )
    .option("--all-channels", "every channel of the role again")
    .option("--max-messages <number>", "at most this many messages …")
    .option("--time-window <duration>", "… in any window of this length, such as 1h")
    .option("--no-limit", "take the limit away")
    .option(
      "--member <id or e-mail>",
      "the console member this person is, who then approves no run they asked for here",
    )
    .option("--no-member", "no console member")
    .option("--json", "print {before, after}")
    .addHelpText(
      "after",
      `
Examples:
  openclaw access users set slack:U024BE7LH --role user
  openclaw access users set user123 --channels whatsapp --max-messages 100 --time-window 1h
  openclaw access users set user123 --member ana@example.com`,
    )
    .action(async (id: string, options: SetOptions) => set(context, id, options));

  users
    .command("delete <id>")
    .description("remove a user's record; its messages then have the rights of the token that carries them")
    .option("--json", "print {deleted}")
    .addHelpText("after", "\nExample:\n  openclaw access users delete user123")
    .action(async (id: string, { json }: ListOptions) => {
      await editAsOperator(context, (deps, operator) => deleteUser(deps, operator, id));
      if (json === true) {
        printJson(context, { deleted: id });
      } else {
        context.out(`User ${id} is removed. To keep somebody out, block the id on the channel instead.`);
      }
    });
}

async function list(context: CliContext, json: boolean): Promise<void> {
  const { users } = await policyNow(context);
  const rows = [...users].map(([id, user]) => ({ id, ...user })).sort((a, b) => (a.id < b.id ? -1 : 1));
  if (json) {
    printJson(context, rows);
  } else if (rows.length === 0) {
    context.err("No user has a record. Make one with: openclaw access users set <id> --role user");
  } else {
    printTable(
      context,
      ["id", "role", "channels", "limit", "console member", "written in"],
      rows.map(({ id, role, channels, restrictions, memberId, source }) => [
        id,
        role,
        shown(channels, "of the role"),
        restrictions === null ? "none" : `${restrictions.maxMessages} in ${restrictions.timeWindowMs / 1000} s`,
        memberId ?? "-",
        source,
      ]),
    );
  }
}

async function set(context: CliContext, id: string, options: SetOptions): Promise<void> {
  if (options.allChannels === true && options.channels !== undefined) {
    throw new AppError("INVALID_INPUT", "--all-channels: name channels or all of them, not both.");
  }
  const { role } = options;
  const channels = options.allChannels === true ? null : options.channels;
  const memberId = options.member === false ? null : options.member;
  const edit: UserEdit = { id, role, channels, restriction: restrictionOf(options), memberId };
  const saved = await editAsOperator(context, (deps, operator) => saveUser(deps, operator, edit));
  if (options.json === true) {
    printJson(context, saved);
    return;
  }
  const { after } = saved;
  const limit =
    after.restriction === null
      ? "no limit"
      : `at most ${after.restriction.maxMessages} messages in ${after.restriction.timeWindowMs / 1000} s`;
  context.out(
    `User ${id} is ${saved.before === null ? "made" : "set"}: role ${after.role}, channels ${shown(after.channels, "of the role")}, ${limit}${after.memberId === null ? "" : `, console member ${after.memberId}`}.`,
  );
}

/** Undefined: not spoken of; null: to be taken away. */
function restrictionOf({ maxMessages, timeWindow, limit }: SetOptions): UserEdit["restriction"] {
  if (limit === false) {
    return null;
  }
  if (maxMessages === undefined && timeWindow === undefined) {
    return undefined;
  }
  const timeWindowMs = timeWindow === undefined ? undefined : parseDuration(timeWindow);
  if (maxMessages === undefined || !/^\d{1,10}$/.test(maxMessages)) {
    throw new AppError("INVALID_INPUT", "--max-messages: a whole number is needed, together with --time-window.");
  }
  if (timeWindowMs === undefined) {
    throw new AppError(
      "INVALID_INPUT",
      "--time-window: a duration such as 1h is needed, together with --max-messages.",
    );
  }
  return { maxMessages: Number(maxMessages), timeWindowMs };
}
