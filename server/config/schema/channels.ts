/** `channels`: who may use each messaging channel. */
import { z } from "zod";
import { dictionary, names } from "#server/config/schema/fields.ts";

const Commands = z
  .strictObject({
    allowed: names()
      .optional()
      .describe("Only these commands; absent means all the role has, an empty list means none."),
    blocked: names().prefault([]).describe("Never these commands; this wins over `allowed`."),
  })
  .prefault({})
  .describe("Commands on this channel.");

const Permissions = z
  .strictObject({
    allowedUsers: names()
      .prefault([])
      .describe("User ids that may use the channel: immutable platform ids, never display names."),
    allowedRoles: names().prefault([]).describe("Roles that may use the channel."),
    blockedUsers: names().prefault([]).describe("User ids that may not; this wins."),
    commands: Commands,
  })
  .prefault({})
  .describe("Access to the channel.");

export const Channels = dictionary(z.strictObject({ permissions: Permissions }))
  .prefault({})
  .describe("Channels by name. When present, the file owns all of them.");
