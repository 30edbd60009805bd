/** Reason codes of refusals in words: the part behind "because". Pure. Codes that are not here are shown as they are. */
import type { AuditEntry } from "#server/audit/reading/query.ts";
import { dataText } from "#server/audit/describe/parts.ts";

type Words = (entry: AuditEntry) => string;

const role = (entry: AuditEntry): string => {
  const name = dataText(entry, "role");
  return name === null ? "the caller's role" : `role “${name}”`;
};
const user = ({ userId }: AuditEntry): string => (userId === undefined ? "the caller" : `user “${userId}”`);
const channel = ({ channel: name }: AuditEntry): string => name ?? "that channel";
const command = (entry: AuditEntry): string => {
  const name = dataText(entry, "command");
  return name === null ? "that command" : `/${name}`;
};
/** The console names the permission as what decided, the gateway in its data. */
const permission = (entry: AuditEntry): string => {
  const needed = dataText(entry, "permission") ?? (/^\w+:\w+$/.test(entry.because ?? "") ? entry.because : null);
  return needed === null || needed === undefined ? "the permission it takes" : `“${needed}”`;
};

export const REASONS: Readonly<Record<string, Words>> = {
  // The policy
  user_mismatch: () => "the token speaks for another user only",
  user_blocked: (entry) => `${user(entry)} is blocked on ${channel(entry)}`,
  command_blocked: (entry) => `${command(entry)} is blocked on ${channel(entry)}`,
  role_unknown: (entry) => `${role(entry)} does not exist`,
  channel_not_in_role: (entry) => `${role(entry)} may not use ${channel(entry)}`,
  command_not_in_role: (entry) => `${role(entry)} may not use ${command(entry)}`,
  permission_missing: (entry) => `${role(entry)} lacks ${permission(entry)}`,
  channel_not_in_token: (entry) => `the token may not use ${channel(entry)}`,
  scope_missing: (entry) => `the token's scopes lack ${permission(entry)}`,
  channel_not_in_user: (entry) => `${user(entry)} may not use ${channel(entry)}`,
  user_not_allowed: (entry) => `${channel(entry)} does not admit ${user(entry)}`,
  command_not_in_channel: (entry) => `${command(entry)} is not among the commands of ${channel(entry)}`,
  model_not_granted: () => "that model is not open to it",
  profile_not_allowed: (entry) => `${role(entry)} may not use that sandbox profile`,
  second_factor_missing: () => "no second factor is enrolled yet",
  step_up_missing: () => "it takes a fresh proof of identity",
  allowed: () => "the policy allows it",
  authorization_disabled: () => "authorization is switched off",
  // Proving who one is
  missing: () => "there was no token",
  malformed: () => "what was sent is no token",
  unknown: () => "nobody knows that token",
  revoked: () => "the token was revoked",
  expired: () => "the token has expired",
  replaced: () => "the token was replaced",
  reused: () => "the token had been exchanged already",
  ended: () => "the token ended meanwhile",
  address_refused: () => "the token may not be used from that address",
  address_not_allowed: () => "the token may not be used from that address",
  locked_out: () => "there were too many failures before",
  no_session: () => "there was no live session",
  unreadable: () => "the cookie is not one of this gateway",
  link_invalid: () => "the link is wrong, used or expired",
  exchanged_twice: () => "a token was exchanged a second time, so two hold it",
  step_up_required: (entry) => `${command(entry)} asks for a code, and nobody can be asked`,
  no_factor: (entry) => `${user(entry)} has no authenticator`,
  nothing_held: () => "nothing waited for a code",
  message_gone: () => "what waited for the code was done or too old",
  own_request: () => "nobody approves what they asked for themselves",
  same_member: () => "who asked and who approves are the same console member",
  same_owner: () => "who asked and who approves use tokens of one owner",
  hash_wrong: () => "what was read is not what is stored",
  not_pending: () => "it was decided already, or is too old",
  model_changed: () => "its agent has another model now",
  requester_gone: () => "whoever asked may ask no more",
  // Pairing
  too_many_open: () => "the channel has as many open codes as it may have",
  code_wrong: () => "the code was wrong",
  user_unknown: () => "there is no such user",
  role_missing: () => "a new user needs a role",
  role_differs: () => "the user has another role already",
  identity_taken: () => "the sender is somebody else already",
  // Limits
  rate_limited: (entry) => {
    const max = dataText(entry, "max");
    const windowMs = Number(entry.data.windowMs);
    return max === null || !(windowMs > 0)
      ? "a rate limit is reached"
      : `the limit of ${max} in ${Math.round(windowMs / 1_000)} s is reached`;
  },
  connections_per_principal: () => "it has too many connections open",
  requests_in_flight: () => "it has too many requests in flight",
  per_address: () => "too many connections come from that address",
  total: () => "too many connections are open",
  // Requests
  foreign_origin: () => "it came from a page of another site",
  foreign_host: () => "it used a host name that is not the gateway's",
  not_allowed: () => "that address may not use the gateway",
  no_longer_allowed: () => "that address may not use the gateway any more",
  not_a_proxy: () => "that address is not a trusted proxy",
  unknown_command: () => "there is no such command",
  agent_unknown: () => "there is no such agent",
  // Tokens
  own_account: () => "members do that to others, or on their own page",
  own_binding: () => "another administrator has to say that they are not that user any more",
  beyond_grant: () => "nobody may give more than they hold",
  too_many_tokens: () => "there are as many tokens as are allowed",
  configured_token: () => "the token stands in the configuration file",
  superseded: () => "the token has a successor already",
  refresh_disabled: () => "refreshing is switched off",
  // Runs
  exit: () => "its program ended",
  memory: () => "it ran out of memory",
  processes: () => "it started too many processes",
  disk: () => "it ran out of disk",
  output_limit: () => "it wrote too much",
  timeout: () => "it took too long",
  cancelled: () => "somebody stopped it",
  worker_lost: () => "its worker was lost",
  engine_unavailable: () => "no engine answered",
  image_missing: () => "the image is not there",
  limit_unenforceable: () => "the engine cannot enforce a limit",
  forbidden_call: () => "it made a forbidden system call",
  stray_process: () => "a process of it had what none there can have",
  drift: () => "the engine made another container than was asked for",
  foreign_client: () => "another client of the engine touched it",
  not_granted: () => "its profile grants no way out",
  host_not_listed: () => "the host is not listed in its profile",
  address_not_public: () => "the host leads to an address that is not public",
  token_invalid: () => "its token is not valid",
  models_not_granted: () => "its profile grants no models",
  budget_exhausted: () => "its budget of model tokens is used up",
  // Files
  path_denied: () => "the path is denied",
  file_too_large: () => "the file is too large",
  extension_refused: () => "files of that kind are refused",
  content_suspicious: () => "its content is suspicious",
  // Stored data and the record
  cannot_decrypt: () => "it cannot be decrypted",
  rows_differ_from_checkpoint: () => "rows differ from the signed checkpoint",
  signed_out: () => "they signed out",
  store_unavailable: () => "the store does not answer",
};

/** Null when the event names no reason. */
export function reasonText(entry: AuditEntry): string | null {
  const { reason } = entry;
  if (reason === undefined) {
    return null;
  }
  return Object.hasOwn(REASONS, reason) ? (REASONS[reason]?.(entry) ?? null) : reason.replaceAll("_", " ");
}
