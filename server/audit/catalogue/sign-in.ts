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
    meaning: "A one-time link that opens the console was made; every unused older one is void since.",
    target: "Id of the link.",
    fields: { expiresAt: "Until when it can be used (ISO 8601, UTC)." },
  },
  "auth.console_link_used": {
    meaning: "Somebody signed in to the console with a one-time link.",
    target: "Id of the link.",
    fields: {},
  },
  "auth.console_link_rejected": {
    meaning: "Somebody tried to sign in with a link that is wrong, used or expired, or had to wait after such tries.",
    reason: "`link_invalid`, `locked_out`.",
    fields: COUNT,
  },
  "auth.console_session_ended": {
    meaning: "A console session was ended by signing out.",
    reason: "`signed_out`.",
    fields: {},
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
