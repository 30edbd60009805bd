/** Tokens: made, replaced, ended, refused. */
import { COUNT, type EventText } from "#server/audit/catalogue/text.ts";

const END = "When it ends (ISO 8601, UTC), or null when it does not.";
const MODELS = "Models it is narrowed to; empty = none, null = all that its role may call.";
const GRACE = "Until when the replaced token is still good (ISO 8601, UTC).";

export const TOKENS = {
  "token.created": {
    meaning: "A token was made.",
    target: "Id of the token.",
    fields: {
      name: "Its name.",
      role: "Role it carries.",
      owner: "Whose token it is.",
      user: "The one end user it speaks for, or null.",
      scopes: "Permissions it is narrowed to; empty = all of the role's.",
      channels: "Channels it is narrowed to; empty = all of the role's.",
      allowedIps: "Addresses and ranges it may come from; empty = any.",
      models: MODELS,
      expiresAt: END,
    },
  },
  "token.rotated": {
    meaning: "A token was replaced by one with another secret.",
    target: "Id of the replaced token, or `gateway.token`.",
    fields: {
      successor: "Id of the new token.",
      graceEndsAt: GRACE,
      expiresAt: END,
      models: MODELS,
      repeated: "True when the same request had been answered before and got the same answer again.",
      file: "The configuration file, when `gateway.token` was replaced.",
    },
  },
  "token.refreshed": {
    meaning: "The holder of a token exchanged it for one with a new full lifetime.",
    target: "Id of the replaced token.",
    fields: {
      successor: "Id of the new token.",
      graceEndsAt: GRACE,
      expiresAt: END,
      models: MODELS,
      repeated: "True when the same request had been answered before and got the same answer again.",
    },
  },
  "token.revoked": {
    meaning: "A token, or with it all that came before and after it, was ended at once.",
    target: "Id of the token.",
    fields: {
      reason: "Why, in the words of whoever ended it.",
      family: "The family that was ended with it.",
      revoked: "How many tokens of the family ended.",
    },
  },
  "token.refused": {
    meaning: "A call to make, replace or end a token was refused.",
    target: "Id of the token, or method and path of the request.",
    reason:
      "`refresh_disabled`, `configured_token`, `beyond_grant`, `too_many_tokens`, `superseded`, `answered_before`, or the code of the error.",
    because: "The configuration path that decided.",
    fields: COUNT,
  },
  "token.reuse_detected": {
    meaning: "A token was exchanged a second time, so two hold it; its whole family was ended.",
    target: "The family.",
    reason: "`exchanged_twice`.",
    fields: {
      token: "Id of the token that was shown again.",
      successor: "Id of the token it had been exchanged for.",
      revoked: "How many tokens of the family ended.",
    },
  },
} as const satisfies Record<string, EventText>;
