/** `channels`: who may use each messaging channel. */
import { z } from "zod";
import { CHANNEL_TYPES, WEBHOOK_SCHEMES, type ChannelType } from "#server/channels/schema.ts";
import { dictionary, name, names, secret } from "#server/config/schema/fields.ts";
import { httpUrl } from "#server/config/schema/http-url.ts";

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

const text = () => z.string().min(1).max(200);

/** Which of the keys below belong to a platform: those it needs, and those it may have. */
export const KEYS_OF: Record<ChannelType, { needed: readonly string[]; possible: readonly string[] }> = {
  telegram: { needed: ["botToken", "webhookSecret"], possible: ["apiBase"] },
  slack: { needed: ["signingSecret", "botToken"], possible: ["apiBase"] },
  whatsapp: { needed: ["appSecret", "verifyToken", "accessToken", "phoneNumberId"], possible: ["apiBase"] },
  discord: { needed: ["publicKey", "applicationId", "botToken"], possible: ["apiBase"] },
  webhook: { needed: ["secret"], possible: ["scheme", "replyUrl", "replySecret"] },
};
/** Those of them that are secrets. */
export const CONNECTION_SECRETS = [
  "botToken",
  "webhookSecret",
  "signingSecret",
  "appSecret",
  "verifyToken",
  "accessToken",
  "secret",
  "replySecret",
] as const satisfies readonly (keyof ConnectionConfig)[];
export type ConnectionSecret = (typeof CONNECTION_SECRETS)[number];

const PLATFORM_KEYS = new Set(Object.values(KEYS_OF).flatMap(({ needed, possible }) => [...needed, ...possible]));

export const Connection = z
  .strictObject({
    type: z.enum(CHANNEL_TYPES).describe("The platform."),
    enabled: z.boolean().prefault(true).describe("Off: every delivery is refused, and nothing is sent."),
    unknownSenders: z
      .enum(["pair", "refuse"])
      .prefault("pair")
      .describe(
        "What a sender gets whom the policy does not know: a pairing code in a direct conversation, or nothing.",
      ),
    role: name().prefault("user").describe("Role of senders whom the channel lets in and no user record describes."),
    allowedLinks: names()
      .optional()
      .describe("Hosts that links in replies may lead to, with their subdomains. Absent: any; empty: none."),
    botToken: secret().optional().describe("Token of the bot (telegram, slack, discord)."),
    webhookSecret: secret().optional().describe("The `secret_token` given to setWebhook (telegram)."),
    signingSecret: secret().optional().describe("Signing secret of the app (slack)."),
    appSecret: secret().optional().describe("Secret of the Meta app, which signs deliveries (whatsapp)."),
    verifyToken: secret().optional().describe("What the platform repeats when the address is set up (whatsapp)."),
    accessToken: secret().optional().describe("Token of the system user that sends (whatsapp)."),
    phoneNumberId: text().optional().describe("Id of the number that sends (whatsapp)."),
    publicKey: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, { error: "must be the application's public key, 64 hexadecimal digits" })
      .optional()
      .describe("Public key of the application, which signs interactions (discord)."),
    applicationId: text().optional().describe("Id of the application (discord)."),
    scheme: z.enum(WEBHOOK_SCHEMES).optional().describe("How deliveries are signed (webhook); `standard` if absent."),
    secret: secret().optional().describe("Shared secret of the signature (webhook)."),
    replyUrl: httpUrl()
      .optional()
      .describe("Where replies are posted, signed by Standard Webhooks (webhook); absent: nowhere."),
    replySecret: secret().optional().describe("Secret of that signature (webhook); needed with `replyUrl`."),
    apiBase: httpUrl().optional().describe("Where the platform's API is, when not at its usual address."),
  })
  .superRefine((connection, context) => {
    const { needed, possible } = KEYS_OF[connection.type];
    const written = Object.entries(connection).flatMap(([key, value]) => (value === undefined ? [] : [key]));
    const wanted = [...needed, ...(connection.replyUrl === undefined ? [] : ["replySecret"])];
    for (const key of wanted.filter((key) => !written.includes(key))) {
      context.addIssue({
        code: "custom",
        path: [key],
        message: `is needed for a channel of type "${connection.type}"`,
      });
    }
    const known = new Set([...needed, ...possible]);
    for (const key of written.filter((key) => PLATFORM_KEYS.has(key) && !known.has(key))) {
      context.addIssue({ code: "custom", path: [key], message: `means nothing for type "${connection.type}"` });
    }
  });
export type ConnectionConfig = z.output<typeof Connection>;

export const Channels = dictionary(
  z.strictObject({
    permissions: Permissions,
    connection: Connection.optional().describe(
      "The platform behind the channel. Absent: kept in the database, or none.",
    ),
  }),
)
  .prefault({})
  .describe("Channels by name. When present, the file owns all of them.");
