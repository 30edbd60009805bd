/** A refusal in words a newcomer understands. Pure. */
import type { AuditEntry } from "#server/audit/index.ts";

const WORDS: Readonly<Record<string, string>> = {
  user_mismatch: "The token speaks for another user",
  user_blocked: "The user is blocked on this channel",
  user_not_allowed: "The user is not on the list of this channel",
  command_blocked: "The command is blocked on this channel",
  command_not_in_channel: "This channel does not allow the command",
  command_not_in_role: "The role may not give this command",
  channel_not_in_role: "The role may not use this channel",
  channel_not_in_token: "The token may not use this channel",
  channel_not_in_user: "The user may not use this channel",
  permission_missing: "The role lacks a permission",
  scope_missing: "The token was made without this permission",
  role_unknown: "The role does not exist any more",
  rate_limited: "Too many messages in too short a time",
  locked_out: "Locked out after failed attempts",
  missing: "No token was sent",
  invalid: "The token is not a valid one",
  malformed: "What was sent is no token",
  unknown: "There is no such token",
  wrong_secret: "The token is not a valid one",
  address_not_allowed: "The token may not be used from this address",
  replaced: "The shared token was replaced",
  expired: "The token has expired",
  revoked: "The token was revoked",
  superseded: "The token was replaced by a newer one",
  link_invalid: "The link is used up or not valid",
  unknown_command: "There is no such command",
  no_session: "Nobody was signed in",
  second_factor_missing: "The second factor is not enrolled yet",
  step_up_missing: "The action asks for a fresh proof of identity",
};

const EVENTS: Readonly<Record<string, string>> = {
  "limit.exceeded": "Too many messages in too short a time",
  "network.address_refused": "The address may not connect",
  "network.origin_refused": "The page is not one of the console's",
  "config.rejected": "The configuration file has errors",
};

/** A code without words of its own is shown as it is, with blanks. */
export function denialWords({ event, reason }: Pick<AuditEntry, "event" | "reason">): string {
  const known = WORDS[reason ?? ""] ?? EVENTS[event];
  return known ?? (reason === undefined ? "Refused" : `Refused: ${reason.replaceAll("_", " ")}`);
}
