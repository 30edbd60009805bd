/** The people who may sign in to the console. */
import type { EventText } from "#server/audit/catalogue/text.ts";

const EMAIL = { email: "The member's address." };

export const MEMBERS = {
  "member.invited": {
    meaning: "A one-time link that makes a member was made; an older one for the same address is void since.",
    target: "Id of the invitation.",
    fields: { ...EMAIL, role: "The role it gives.", expiresAt: "Until when it can be used (ISO 8601, UTC)." },
  },
  "member.invitation_revoked": {
    meaning: "An invitation that was still open was withdrawn.",
    target: "Id of the invitation.",
    fields: {},
  },
  "member.joined": {
    meaning: "Somebody became a member with a one-time link.",
    target: "Id of the member.",
    fields: {
      ...EMAIL,
      role: "Their role.",
      invitation: "Id of the invitation.",
      invitedBy: "Id of whoever made it, or `operator`.",
    },
  },
  "member.changed": {
    meaning: "A member's name or role was changed; a new role ended their sessions.",
    target: "Id of the member.",
    fields: { before: "What was changed, before.", after: "What was changed, after." },
  },
  "member.disabled": {
    meaning: "A member may not sign in any more; their sessions ended.",
    target: "Id of the member.",
    fields: EMAIL,
  },
  "member.enabled": {
    meaning: "A disabled member may sign in again.",
    target: "Id of the member.",
    fields: EMAIL,
  },
  "member.factors_reset": {
    meaning: "A member's second factors and recovery codes were taken away by somebody else; their sessions ended.",
    target: "Id of the member.",
    fields: EMAIL,
  },
  "member.password_link_made": {
    meaning: "A one-time link with which a member chooses a new password was made.",
    target: "Id of the member.",
    fields: { ...EMAIL, link: "Id of the link.", expiresAt: "Until when it can be used (ISO 8601, UTC)." },
  },
} as const satisfies Record<string, EventText>;
