/** Who the senders of messaging platforms are here. No event holds a code. */
import { COUNT, type EventText } from "#server/audit/catalogue/text.ts";

const REQUEST = "Id of the pairing request.";
const COMMAND = "The command, lower case, without its slash.";
const USER = "Id of the user.";
const SENDER = "The sender's immutable id on the platform.";

export const SENDERS = {
  "channel.pairing_offered": {
    meaning: "A sender nobody knows was given a pairing code.",
    target: REQUEST,
    fields: { senderId: SENDER, expiresAt: "When the code ends." },
  },
  "channel.pairing_withheld": {
    meaning: "A sender nobody knows was given no pairing code.",
    reason: "too_many_open: the channel has as many open codes, or new ones of the last minute, as it may have.",
    fields: { senderId: SENDER, ...COUNT },
  },
  "channel.pairing_approved": {
    meaning: "A sender of a platform is a user of the gateway since.",
    target: REQUEST,
    fields: {
      senderId: SENDER,
      role: "Role of the user's record.",
      created: "True when the record was made for this.",
    },
  },
  "channel.pairing_refused": {
    meaning: "A pairing request was turned down.",
    target: REQUEST,
    fields: { senderId: SENDER },
  },
  "channel.pairing_expired": {
    meaning: "A pairing code ended without an answer. Noted when somebody next looks at the channel's codes.",
    target: REQUEST,
    fields: { senderId: SENDER },
  },
  "channel.pairing_rejected": {
    meaning: "Somebody tried to approve or refuse a pairing request in vain.",
    reason:
      "code_wrong: no open request has that code; locked_out: too many wrong codes before; beyond_grant: the user's role can do more than the approver; user_unknown: there is no such user, and none may be made; role_missing: a new user was given no role; role_unknown: there is no such role; role_differs: the user has another role already; identity_taken: the sender is somebody else already.",
    fields: COUNT,
  },
  "channel.identity_removed": {
    meaning: "A sender of a platform is no user of the gateway any more.",
    target: "The sender's immutable id on the platform.",
    fields: {},
  },
  "conversation.forgotten": {
    meaning: "A sender had the agents forget what was said in a conversation.",
    fields: { turns: "How many messages are gone, questions and answers together." },
  },
  "message.code_asked": {
    meaning: "A command waits for a code of its sender's authenticator.",
    target: "Id of the message that waits.",
    fields: { command: COMMAND },
  },
  "message.code_accepted": {
    meaning: "The code was right: the message that waited for it is executed.",
    target: "Id of the message that waited.",
    fields: { command: COMMAND },
  },
  "message.code_refused": {
    meaning: "A code was sent in vain.",
    reason:
      "code_wrong: it is wrong or was used; locked_out: too many wrong ones before; no_factor: the user has no authenticator; nothing_held: nothing waits for one; message_gone: what waited was executed or is too old.",
    fields: { command: COMMAND, ...COUNT },
  },
  "user.factor_added": {
    meaning: "A person who writes from platforms has an authenticator since.",
    target: USER,
    fields: {},
  },
  "user.factor_removed": {
    meaning: "A person who writes from platforms has no authenticator any more.",
    target: USER,
    fields: {},
  },
  "user.factor_refused": {
    meaning: "An authenticator of a person who writes from platforms was not confirmed.",
    target: USER,
    reason: "code_wrong, locked_out.",
    fields: COUNT,
  },
} as const satisfies Record<string, EventText>;
