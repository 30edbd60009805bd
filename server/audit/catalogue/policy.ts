/** Changes of who may do what. */
import type { EventText } from "#server/audit/catalogue/text.ts";

const BEFORE = "The whole entry before the change, or null when it is new.";
const AFTER = "The whole entry after the change.";
const GONE = "The whole entry as it was.";

export const POLICY = {
  "role.changed": {
    meaning: "A role of the database was made or changed.",
    target: "Name of the role.",
    fields: { before: BEFORE, after: AFTER },
  },
  "role.deleted": {
    meaning: "A role of the database was removed.",
    target: "Name of the role.",
    fields: { before: GONE },
  },
  "user.changed": {
    meaning: "The record of an end user was made or changed.",
    target: "Id of the user.",
    fields: { before: BEFORE, after: AFTER },
  },
  "user.deleted": {
    meaning: "The record of an end user was removed.",
    target: "Id of the user.",
    fields: { before: GONE },
  },
  "channel.changed": {
    meaning: "The rules of a channel were made or changed.",
    target: "Name of the channel.",
    fields: { before: BEFORE, after: AFTER },
  },
  "channel.deleted": {
    meaning: "The rules of a channel were removed; roles alone decide there since.",
    target: "Name of the channel.",
    fields: { before: GONE },
  },
} as const satisfies Record<string, EventText>;
