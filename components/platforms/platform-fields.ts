/** What each platform needs to be connected, in the words of its own pages. */
import type { ChannelType } from "#server/channels/schema.ts";

interface PlatformField {
  /** As in `channels.*.connection` of the configuration. */
  name: string;
  label: string;
  hint: string;
}

interface Platform {
  label: string;
  secrets: readonly PlatformField[];
  settings: readonly PlatformField[];
}

const API_BASE: PlatformField = {
  name: "apiBase",
  label: "API address",
  hint: "Leave blank for the platform's own. An address of your own network must be in security.outbound.allowedPrivate.",
};

export const PLATFORMS: Record<ChannelType, Platform> = {
  telegram: {
    label: "Telegram",
    secrets: [
      { name: "botToken", label: "Bot token", hint: "From @BotFather." },
      {
        name: "webhookSecret",
        label: "Webhook secret",
        hint: "Any long random text of letters and digits; give the same one to setWebhook as secret_token.",
      },
    ],
    settings: [API_BASE],
  },
  slack: {
    label: "Slack",
    secrets: [
      { name: "signingSecret", label: "Signing secret", hint: "Basic Information of the app." },
      { name: "botToken", label: "Bot token", hint: "OAuth & Permissions, begins with xoxb-." },
    ],
    settings: [API_BASE],
  },
  whatsapp: {
    label: "WhatsApp",
    secrets: [
      { name: "appSecret", label: "App secret", hint: "Settings, Basic of the Meta app." },
      {
        name: "verifyToken",
        label: "Verify token",
        hint: "Any long random text; enter the same one beside the webhook's address.",
      },
      { name: "accessToken", label: "Access token", hint: "Of a system user that may send messages." },
    ],
    settings: [
      { name: "phoneNumberId", label: "Phone number ID", hint: "Of the number that sends, not the number itself." },
      API_BASE,
    ],
  },
  discord: {
    label: "Discord",
    secrets: [{ name: "botToken", label: "Bot token", hint: "Bot page of the application." }],
    settings: [
      { name: "applicationId", label: "Application ID", hint: "General Information of the application." },
      { name: "publicKey", label: "Public key", hint: "General Information: 64 hexadecimal digits." },
      API_BASE,
    ],
  },
  webhook: {
    label: "Signed webhook",
    secrets: [
      { name: "secret", label: "Secret", hint: "Shared with whoever sends." },
      { name: "replySecret", label: "Reply secret", hint: "Signs replies; needed with a reply address." },
    ],
    settings: [
      { name: "replyUrl", label: "Reply address", hint: "Where replies are posted. Leave blank to send none." },
    ],
  },
};
