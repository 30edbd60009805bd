/** Who somebody is: tokens shown to the API, the console's sign-in, live connections. */
import { COUNT, type EventText } from "#server/audit/catalogue/text.ts";

export const SIGN_IN = {
  "auth.token_rejected": {
    meaning: "A request, a live connection or an exchange of tokens came without a valid token and was refused.",
    target: "Method and path of the request; the run that was waited for when the token ended meanwhile.",
    reason:
      "`missing`, `malformed`, `unknown`, `revoked`, `expired`, `address_refused`, `replaced` (a former `gateway.token`), `reused` (exchanged twice), `ended` (during the connection), `locked_out` (too many failures before), and for live connections `handshake_timeout`, `too_large`, `malformed`.",
    fields: { userAgent: "What the client calls itself, or null.", ...COUNT },
  },
  "auth.console_link_created": {
    meaning:
      "A one-time link that makes the first member of the console was made; every unused older one is void since.",
    target: "Id of the link.",
    fields: { expiresAt: "Until when it can be used (ISO 8601, UTC)." },
  },
  "auth.console_link_rejected": {
    meaning:
      "Somebody came with a one-time link that is wrong, used, revoked or expired, or had to wait after such tries.",
    reason: "`link_invalid`, `locked_out`.",
    fields: COUNT,
  },
  "auth.signed_in": {
    meaning: "A member signed in to the console.",
    target: "Id of the session.",
    fields: {
      method:
        "`invitation` (joined by a link), `password` (no second factor enrolled), `totp`, `recovery_code`, `passkey`.",
      userAgent: "What the browser calls itself, or null.",
    },
  },
  "auth.sign_in_failed": {
    meaning: "A sign-in to the console was refused. The browser is not told which of the reasons it was.",
    target: "Id of the member, where one was meant.",
    reason:
      "`unknown` (no such address), `password_wrong`, `disabled`, `malformed`, `code_wrong`, `code_used` (twice, or no such recovery code), `changed` (the member, meanwhile), `passkey_invalid`, `locked_out`.",
    fields: COUNT,
  },
  "auth.recovery_code_used": {
    meaning: "A member used up a recovery code in place of the second factor.",
    fields: {},
  },
  "auth.stepped_up": {
    meaning: "A member proved again who they are; dangerous actions are open in that session for ten minutes.",
    target: "Id of the session.",
    fields: { method: "`totp`, `passkey`, `recovery_code`, `password` (no second factor enrolled)." },
  },
  "auth.step_up_failed": {
    meaning: "A signed-in member's proof of who they are was wrong.",
    target: "Id of the member.",
    reason:
      "`code_wrong`, `password_wrong`, `totp_invalid` (used before), `recovery_code_invalid`, `passkey_invalid`, `locked_out`.",
    fields: COUNT,
  },
  "auth.factor_added": {
    meaning: "A member enrolled a second factor; their other sessions ended.",
    target: "Id of the member.",
    fields: { factor: "`totp`, `passkey`.", passkey: "Id of the passkey." },
  },
  "auth.factor_removed": {
    meaning: "A member removed a second factor; their other sessions ended.",
    target: "Id of the member.",
    fields: { factor: "`totp`, `passkey`.", passkey: "Id of the passkey." },
  },
  "auth.factor_refused": {
    meaning: "A signed-in member gave a wrong password or code where factors or the password are changed.",
    target: "Id of the member.",
    reason: "`password_wrong`, `code_wrong`, `locked_out`.",
    fields: COUNT,
  },
  "auth.recovery_codes_made": {
    meaning: "A member got new recovery codes; all older ones are void.",
    target: "Id of the member.",
    fields: {},
  },
  "auth.password_changed": {
    meaning: "A member has a new password; their other sessions ended.",
    target: "Id of the member.",
    reason: "`member` (with the old one), `link` (with a one-time link from an operator).",
    fields: {},
  },
  "auth.console_session_ended": {
    meaning: "A console session was ended before its time, by its member or by whoever the actor is.",
    target: "Id of the session.",
    reason:
      "`signed_out`, `ended_by_owner`, `ended_by_admin`, `role_changed`, `password_changed`, `factors_changed`, `member_disabled`.",
    fields: { member: "Id of the member whose session it was." },
  },
  "auth.session_rejected": {
    meaning: "A call of the console came without a live session, or with a cookie that this gateway has not made.",
    target: "Name of the procedure.",
    reason: "`no_session`, `unreadable` (not our cookie), `locked_out`.",
    fields: COUNT,
  },
  "websocket.opened": {
    meaning: "A live connection was opened by a proven caller.",
    target: "Id of the connection.",
    fields: { userAgent: "What the client calls itself, or null." },
  },
  "websocket.closed": {
    meaning: "A live connection ended.",
    target: "Id of the connection.",
    reason:
      "`client_left`, `token_ended`, `shutdown`, `slow_reader`, `no_pong`, `protocol_error`, `binary_frame`, `bad_frames` …",
    fields: {
      code: "Close code (RFC 6455, 7.4.1; 4000 and above are ours).",
      received: "Frames received.",
      sent: "Frames sent.",
    },
  },
} as const satisfies Record<string, EventText>;
