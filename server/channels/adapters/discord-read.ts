/**
 * Proven interactions of Discord in our words.
 * Sources: https://discord.com/developers/docs/interactions/receiving-and-responding,
 * https://discord.com/developers/docs/interactions/application-commands
 */
import { z } from "zod";
import type { Reading } from "#server/channels/adapter.ts";
import {
  byteCount,
  clip,
  jsonAnswer,
  malformed,
  MAX_TEXT,
  mediaTypeOf,
  nothing,
  platformId,
  readJson,
  shownName,
} from "#server/channels/adapters/wire.ts";
import type { InboundAttachment } from "#server/channels/schema.ts";

const PING = 1;
const APPLICATION_COMMAND = 2;
const MESSAGE_COMPONENT = 3;
const AUTOCOMPLETE = 4;
const CHAT_INPUT = 1;
const SUBCOMMAND = 1;
const SUBCOMMAND_GROUP = 2;
const ATTACHMENT = 11;
/** A direct conversation with the bot, as `context` says it; and as the type of a channel does. */
const BOT_DM = 1;
const DM_CHANNEL = 1;

const PONG = jsonAnswer({ type: 1 });
/** "… is thinking", until the first message comes: at once, because Discord waits three seconds. */
const DEFERRED = jsonAnswer({ type: 5 });
/** Takes a click and shows nothing. */
const UNCHANGED = jsonAnswer({ type: 6 });
const NO_CHOICES = jsonAnswer({ type: 8, data: { choices: [] } });
const NOT_SPOKEN = jsonAnswer({ type: 4, data: { content: "Only slash commands are understood here.", flags: 64 } });

const User = z.object({
  id: platformId,
  username: z.string().nullish(),
  global_name: z.string().nullish(),
  bot: z.boolean().nullish(),
});

const Option = z.object({
  name: z.string().max(64),
  type: z.int(),
  value: z.union([z.string().max(MAX_TEXT), z.number(), z.boolean()]).nullish(),
  /** Two levels at most, read one by one. */
  options: z.array(z.unknown()).max(25).nullish(),
});
type Option = z.infer<typeof Option>;

const Attachment = z.object({
  url: z.string().max(2048),
  filename: z.string(),
  size: byteCount,
  content_type: z.string().nullish(),
});

const Interaction = z.object({ type: z.int(), application_id: z.string() });

const Command = z.object({
  id: platformId,
  token: z.string().regex(/^[\w.~-]{1,1024}$/),
  channel_id: platformId,
  guild_id: platformId.nullish(),
  context: z.int().nullish(),
  channel: z.object({ type: z.int().nullish() }).nullish().catch(null),
  member: z.object({ user: User, nick: z.string().nullish() }).nullish(),
  user: User.nullish(),
  data: z.object({
    name: z.string().regex(/^[-_'\p{L}\p{N}\p{M}]{1,32}$/u),
    type: z.int(),
    options: z.array(z.unknown()).max(25).nullish(),
    resolved: z
      .object({ attachments: z.record(z.string(), z.unknown()).nullish() })
      .nullish()
      .catch(null),
  }),
});
type Command = z.infer<typeof Command>;

/** @param applicationId the application whose key proved the body */
export function readDiscord(body: Buffer, applicationId: string): Reading {
  const value = readJson(body);
  const interaction = Interaction.safeParse(value);
  if (!interaction.success) {
    return malformed("the body is no interaction of Discord");
  }
  if (interaction.data.application_id !== applicationId) {
    return malformed("the interaction is of another application");
  }
  switch (interaction.data.type) {
    case PING:
      return { kind: "challenge", answer: PONG };
    case APPLICATION_COMMAND: {
      const command = Command.safeParse(value);
      return command.success
        ? readCommand(command.data)
        : malformed("the command is not of the form that Discord documents");
    }
    case MESSAGE_COMPONENT:
      return nothing(UNCHANGED);
    case AUTOCOMPLETE:
      return nothing(NO_CHOICES);
    default:
      return nothing(NOT_SPOKEN);
  }
}

function readCommand(command: Command): Reading {
  const { data, member } = command;
  const user = member?.user ?? command.user;
  if (data.type !== CHAT_INPUT || user === null || user === undefined || user.bot === true) {
    return nothing(NOT_SPOKEN);
  }
  const read: Arguments = { words: [], attachmentIds: [] };
  if (!collect(data.options ?? [], read, 0)) {
    return malformed("an option of the command is not of the form that Discord documents");
  }
  return {
    kind: "events",
    answer: DEFERRED,
    events: [
      {
        kind: "command",
        eventId: command.id,
        senderId: user.id,
        senderName: shownName(member?.nick ?? user.global_name ?? user.username),
        isBot: false,
        conversationId: command.channel_id,
        isDirect: isDirect(command),
        // A thread is a channel of its own.
        threadId: null,
        messageId: null,
        text: [`/${data.name}`, ...read.words].join(" ").toWellFormed(),
        attachments: read.attachmentIds.flatMap((id) => attachmentOf(command, id)),
        sentAt: sentAtOf(command.id),
        replyHandle: command.token,
      },
    ],
  };
}

interface Arguments {
  words: string[];
  attachmentIds: string[];
}

/** Names of subcommands and values of options, in the order they were given. False when one is malformed. */
function collect(options: readonly unknown[], into: Arguments, depth: number): boolean {
  return options.every((given) => {
    const { data: option } = Option.safeParse(given);
    if (option === undefined) {
      return false;
    }
    if (option.type === SUBCOMMAND || option.type === SUBCOMMAND_GROUP) {
      into.words.push(option.name);
      return depth < 2 && collect(option.options ?? [], into, depth + 1);
    }
    return take(option, into);
  });
}

function take({ type, value }: Option, into: Arguments): boolean {
  if (value === null || value === undefined) {
    return false;
  }
  (type === ATTACHMENT ? into.attachmentIds : into.words).push(String(value));
  return true;
}

function attachmentOf({ data }: Command, id: string): InboundAttachment[] {
  const attachments = data.resolved?.attachments ?? {};
  const known = Attachment.safeParse(Object.hasOwn(attachments, id) ? attachments[id] : undefined);
  if (!known.success) {
    return [];
  }
  const { url, filename, size, content_type: type } = known.data;
  return [{ reference: url, name: clip(filename, 255), bytes: size ?? null, mediaType: mediaTypeOf(type) }];
}

/** With the bot alone: a direct conversation of two people, in which one calls the app, is not one. */
function isDirect({ context, guild_id: guild, channel }: Command): boolean {
  return typeof context === "number" ? context === BOT_DM : (guild ?? null) === null && channel?.type === DM_CHANNEL;
}

/** The time in an id: milliseconds since the start of 2015, above 22 bits. */
function sentAtOf(id: string): number | null {
  return /^\d{17,20}$/.test(id) ? Number(BigInt(id) >> 22n) + 1_420_070_400_000 : null;
}
