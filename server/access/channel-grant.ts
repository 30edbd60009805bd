/** A channel's rules as they are stored, and who may change them. Pure. */
import type { Grantor } from "#server/access/grants.ts";
import type { PolicySnapshot } from "#server/access/schema.ts";
import { AppError } from "#server/core/errors.ts";

export interface StoredChannel {
  channel: string;
  allowedUsers: string[];
  allowedRoles: string[];
  blockedUsers: string[];
  allowedCommands: string[];
  blockedCommands: string[];
}

/** The rules as the policy in force holds them; only for a section the database owns. */
export function storedChannel(policy: PolicySnapshot, channel: string): StoredChannel | null {
  const rules = policy.channels.get(channel);
  return rules === undefined
    ? null
    : {
        channel,
        allowedUsers: [...rules.allowedUsers],
        allowedRoles: [...rules.allowedRoles],
        blockedUsers: [...rules.blockedUsers],
        allowedCommands: [...(rules.allowedCommands ?? ["*"])],
        blockedCommands: [...rules.blockedCommands],
      };
}

const holds = (held: readonly string[], name: string): boolean => held.includes("*") || held.includes(name);

/**
 * Only who may use the channel changes its rules, and opens only commands of their own. Null stands for no rules, which hold nothing back.
 * @throws AppError FORBIDDEN
 */
export function refuseChannelBeyond(
  grantor: Grantor,
  channel: string,
  before: StoredChannel | null,
  after: StoredChannel | null,
): void {
  const allowedBefore = before?.allowedCommands ?? ["*"];
  const opened = [
    ...(after?.allowedCommands ?? ["*"]).filter((command) => !holds(allowedBefore, command)),
    ...(before?.blockedCommands ?? []).filter((command) => !holds(after?.blockedCommands ?? [], command)),
  ];
  const command = opened.find((name) => !holds(grantor.commands, name));
  const excess = !holds(grantor.channels, channel)
    ? `channel "${channel}"`
    : command === undefined
      ? null
      : `command "${command}"`;
  if (excess !== null) {
    throw new AppError("FORBIDDEN", `The caller may not give more than it holds: it may not use ${excess} itself.`, {
      details: { reason: "beyond_grant" },
    });
  }
}
