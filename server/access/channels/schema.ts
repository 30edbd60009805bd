/** Channels as the console shows and changes them. Browser-safe. */
import { z } from "zod";
import { Refused } from "#server/access/refusal-of.ts";
import { ChannelEdit, ChannelName, Provisioned, Seen } from "#server/access/schema.ts";

const Hint = z.object({
  code: z.string(),
  severity: z.enum(["warning", "info"]),
  field: z.enum(["allowedUsers", "allowedRoles", "blockedUsers", "allowedCommands", "blockedCommands"]),
  message: z.string(),
});

const ChannelRow = z.object({
  channel: z.string(),
  allowedUsers: z.array(z.string()),
  allowedRoles: z.array(z.string()),
  blockedUsers: z.array(z.string()),
  allowedCommands: z.array(z.string()),
  blockedCommands: z.array(z.string()),
  hints: z.array(Hint),
  /** What an edit has to send back; null where the file owns the channels. */
  revision: z.string().nullable(),
});
export type ChannelRow = z.infer<typeof ChannelRow>;

export const ChannelList = z.object({
  channels: z.array(ChannelRow),
  /** Channels that a role or a user names and that have no rules: roles alone decide there. */
  withoutRules: z.array(z.string()),
  roles: z.array(z.string()),
  provisioned: Provisioned,
});

export const ChannelDraft = ChannelEdit.required();
export const ChannelPreview = z.object({ hints: z.array(Hint), refused: Refused });
export type ChannelPreview = z.infer<typeof ChannelPreview>;

export const SaveChannel = ChannelDraft.extend({ seen: Seen });
export const DeleteChannel = z.strictObject({ channel: ChannelName, seen: Seen.unwrap() });
export const NamedChannel = z.object({ channel: z.string() });
export const SavedChannel = z.object({ channel: z.string(), revision: z.string().nullable() });
