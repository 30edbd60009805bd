/** Small readings that checks of several areas share. Pure. */
import type { PolicySnapshot } from "#server/access/schema.ts";
import { isLoopbackAddress } from "#server/core/http/address.ts";
import type { Config } from "#server/config/schema.ts";

export const isLoopbackHost = (host: string): boolean => {
  const bare = host.replace(/^\[|\]$/g, "");
  return bare === "localhost" || isLoopbackAddress(bare);
};

export const isLoopbackBind = ({ gateway }: Config): boolean => isLoopbackHost(gateway.bind);

/** Whether a role may do everything. */
export const isWideRole = (policy: Pick<PolicySnapshot, "roles">, role: string): boolean =>
  policy.roles.get(role)?.permissions.includes("*") === true;

/** Whether a role may give a command. */
export const givesCommand = (policy: Pick<PolicySnapshot, "roles">, role: string, command: string): boolean => {
  const commands = policy.roles.get(role)?.commands ?? [];
  return commands.includes("*") || commands.includes(command);
};

/** Commands there are (`server/gateway/commands`; a test compares). The gateway itself is too large to be loaded for their names. */
export const COMMAND_NAMES: readonly string[] = ["help", "status", "ask", "forget", "run", "code", "approve", "deny"];
