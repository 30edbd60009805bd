/**
 * The WhatsApp Cloud API on loopback: messages, media, and signed deliveries.
 * Sources: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/text-messages,
 * …/whatsapp/business-phone-numbers/media, …/whatsapp/webhooks/create-webhook-endpoint (retries)
 */
import { createHmac, randomBytes } from "node:crypto";
import {
  characters,
  deliver,
  seconds,
  startPlatform,
  type Delivered,
  type FakePlatform,
  type PlatformReply,
  type PlatformRequest,
} from "./fake-platform.ts";

interface WhatsappMessage {
  id: string;
  to: string;
  text: string;
  previews: boolean;
  context: string | null;
}

export interface FakeWhatsapp extends FakePlatform {
  /** What goes into `connection.apiBase`. */
  apiBase: string;
  appSecret: string;
  accessToken: string;
  phoneNumberId: string;
  messages: WhatsappMessage[];
  /** Media by their id; `address` in the place of the platform's own. */
  media: Map<string, { content: Buffer; address?: string }>;
  sign(body: string): Record<string, string>;
  /** A delivery of these messages. */
  batch(messages: readonly object[], more?: object): string;
  /** A text of `from`. */
  text(from: string, body: string, more?: object): Record<string, unknown> & { id: string };
  /** Delivers, again when it is not taken. */
  deliver(url: string, messages: readonly object[], more?: object): Promise<Delivered>;
  /** Proves an address as Meta does when it is entered. */
  prove(url: string, verifyToken: string): Promise<{ status: number; text: string; challenge: string }>;
}

const VERSION = "v25.0";
const RETRIES = [10, 50, 100];

export async function startFakeWhatsapp(): Promise<FakeWhatsapp> {
  const appSecret = randomBytes(16).toString("hex");
  const accessToken = `EAA${randomBytes(12).toString("hex")}`;
  const phoneNumberId = "106540352242922";
  const messages: WhatsappMessage[] = [];
  const media: FakeWhatsapp["media"] = new Map();
  let origin = "";

  function answer({ method, path, body, headers, query }: PlatformRequest): PlatformReply {
    if (headers.authorization !== `Bearer ${accessToken}`) {
      return no(401, 190, "Error validating access token");
    }
    if (path.startsWith("/attachments/")) {
      const known = media.get(path.slice("/attachments/".length));
      return known === undefined ? { status: 404, body: {} } : { status: 200, body: known.content };
    }
    const id = path.startsWith(`/${VERSION}/`) ? path.slice(VERSION.length + 2) : "";
    if (method === "POST" && id === `${phoneNumberId}/messages`) {
      return post(body);
    }
    if (method === "GET" && id === phoneNumberId) {
      return { status: 200, body: { verified_name: "Fake Shop", display_phone_number: "+1 555-078-3881", id } };
    }
    const known = media.get(id);
    return method === "GET" && known !== undefined && query.get("phone_number_id") === phoneNumberId
      ? {
          status: 200,
          body: {
            messaging_product: "whatsapp",
            url: known.address ?? `${origin}/attachments/${id}`,
            file_size: known.content.length,
            id,
          },
        }
      : no(400, 100, "Unsupported get request");
  }

  function post(body: Record<string, unknown>): PlatformReply {
    const { messaging_product: product, to, recipient, type } = body;
    const text = body["text"] as { body?: unknown; preview_url?: unknown } | undefined;
    const addressee = to ?? recipient;
    if (product !== "whatsapp" || type !== "text" || typeof addressee !== "string") {
      return no(400, 100, "Invalid parameter");
    }
    if (typeof text?.body !== "string" || text.body === "" || characters(text.body) > 4096) {
      return no(400, 100, "Param text['body'] must be at most 4096 characters long.");
    }
    const id = `wamid.${randomBytes(12).toString("base64")}`;
    const context = body["context"] as { message_id?: string } | undefined;
    const previews = text.preview_url !== false;
    messages.push({ id, to: addressee, text: text.body, previews, context: context?.message_id ?? null });
    return {
      status: 200,
      body: { messaging_product: "whatsapp", contacts: [{ input: addressee }], messages: [{ id }] },
    };
  }

  const platform = await startPlatform(answer);
  ({ origin } = platform);
  const sign: FakeWhatsapp["sign"] = (body) => ({
    "x-hub-signature-256": `sha256=${createHmac("sha256", appSecret).update(body).digest("hex")}`,
  });
  const batch: FakeWhatsapp["batch"] = (given, more = {}) =>
    JSON.stringify({
      object: "whatsapp_business_account",
      entry: [
        {
          id: "102290129340398",
          changes: [
            {
              field: "messages",
              value: {
                messaging_product: "whatsapp",
                metadata: { display_phone_number: "15550783881", phone_number_id: phoneNumberId },
                contacts: [],
                messages: given,
                ...more,
              },
            },
          ],
        },
      ],
    });

  return {
    ...platform,
    apiBase: `${origin}/${VERSION}`,
    appSecret,
    accessToken,
    phoneNumberId,
    messages,
    media,
    sign,
    batch,
    text: (from, body, more = {}) => ({
      from,
      id: `wamid.${randomBytes(12).toString("base64")}`,
      timestamp: String(seconds()),
      type: "text",
      text: { body },
      ...more,
    }),
    deliver(url, given, more) {
      const body = batch(given, more);
      const headers = () => ({ "content-type": "application/json", ...sign(body) });
      return deliver(url, { body, headers, retries: RETRIES });
    },
    async prove(url, verifyToken) {
      const challenge = String(randomBytes(4).readUInt32BE());
      const query = new URLSearchParams({
        "hub.mode": "subscribe",
        "hub.challenge": challenge,
        "hub.verify_token": verifyToken,
      });
      const response = await fetch(`${url}?${query.toString()}`);
      return { status: response.status, text: await response.text(), challenge };
    },
  };
}

const no = (status: number, code: number, message: string): PlatformReply => ({
  status,
  body: { error: { message: `(#${code}) ${message}`, type: "OAuthException", code, fbtrace_id: "A" } },
});
