/** `openclaw access …`: the roles, users and channel rules that the database holds. */
import type { Command } from "commander";
import { registerChannels } from "./access-channels.ts";
import { registerRoles } from "./access-roles.ts";
import { registerUsers } from "./access-users.ts";
import type { CliContext } from "../context.ts";

export function registerAccess(program: Command, context: CliContext): void {
  const access = program.command("access").description("roles, users and channel rules kept in the database");
  registerRoles(access, context);
  registerUsers(access, context);
  registerChannels(access, context);
}
