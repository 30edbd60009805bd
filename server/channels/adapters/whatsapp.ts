/**
 * WhatsApp Cloud API.
 * Sources: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint,
 * …/whatsapp/messages/text-messages, …/whatsapp/business-phone-numbers/media, …/whatsapp/support/error-codes
 */
import { z } from "zod";
import type { AdapterFactory, ChannelHttp, HookRequest, Sent, Verdict } from "#server/channels/adapter.ts";
import { fetchFile, unavailable } from "#server/channels/adapters/attachment.ts";
import { apiBaseOf, ownAddress } from "#server/channels/adapters/base-url.ts";
import { needed } from "#server/channels/adapters/needed.ts";
import {
  callPlatform,
  membersOf,
  refusalOf,
  word,
  type PlatformAnswer,
} from "#server/channels/adapters/platform-api.ts";
import { readWhatsapp } from "#server/channels/adapters/whatsapp-read.ts";
import { TAKEN } from "#server/channels/adapters/wire.ts";
import type { InboundAttachment, ReplyTarget } from "#server/channels/schema.ts";
import { fault, fromHex, hmacMatches, sameSecret } from "#server/channels/signature.ts";

const USUAL_API = "https://graph.facebook.com/v25.0";
/** Where the Graph API keeps media. */
const MEDIA_ORIGIN = "https://lookaside.fbsbx.com";
/** Meta's largest delivery. */
const MAX_BODY_BYTES = 3 * 1_048_576;
const MAX_TEXT = 4_096;
const SIGNATURE = "x-hub-signature-256";

/** Nothing was sent, and later it may be: limits of the app (4), the account (80007), the number (130429), one recipient (131056); outages. */
const WORTH_ANOTHER_TRY: ReadonlyMap<number, { retryAfterMs: number | null; meaning: string }> = new Map([
  [4, { retryAfterMs: null, meaning: "too many calls of the app" }],
  [80_007, { retryAfterMs: null, meaning: "too many calls of the account" }],
  [130_429, { retryAfterMs: null, meaning: "too many messages of the number" }],
  // One message in six seconds to the same person.
  [131_056, { retryAfterMs: 6_000, meaning: "too many messages to this recipient" }],
  [131_016, { retryAfterMs: null, meaning: "the service is not available" }],
  [133_004, { retryAfterMs: null, meaning: "the server is not available" }],
]);
const MEANINGS: ReadonlyMap<number, string> = new Map([
  [190, "the access token is not valid any more"],
  [10, "the access token lacks the permission whatsapp_business_messaging"],
  [131_026, "the recipient cannot receive it"],
  [131_047, "more than 24 hours have passed since the recipient wrote"],
  [131_048, "the number is restricted because its messages were reported"],
  [368, "the account is blocked for breaking a policy"],
]);

const MediaAnswer = z.object({
  url: z.string().max(4096),
  file_size: z.union([z.int().min(0), z.string().regex(/^\d{1,15}$/)]).nullish(),
});

export const createWhatsapp: AdapterFactory = (connection) => {
  const appSecret = needed(connection, "appSecret");
  const verifyToken = needed(connection, "verifyToken");
  const headers = { authorization: `Bearer ${needed(connection, "accessToken")}` };
  const phoneNumberId = needed(connection, "phoneNumberId");
  const api = apiBaseOf(connection.apiBase, USUAL_API);
  const mediaOrigins = connection.apiBase === undefined ? [MEDIA_ORIGIN] : [new URL(api).origin, MEDIA_ORIGIN];
  const number = `${api}/${encodeURIComponent(phoneNumberId)}`;

  return {
    maxText: MAX_TEXT,
    measure: (text) => text.length,
    maxBodyBytes: MAX_BODY_BYTES,
    precheck: (request) => signatureOf(request).verdict,

    verify(request, body) {
      const { bytes, verdict } = signatureOf(request);
      if (bytes === null) {
        return verdict;
      }
      return hmacMatches("sha256", appSecret, [body], bytes) ? { ok: true } : fault("signature_wrong");
    },

    challenge({ query }) {
      const challenge = query.get("hub.challenge") ?? "";
      const isKnown =
        query.get("hub.mode") === "subscribe" && sameSecret(verifyToken, query.get("hub.verify_token") ?? "");
      return isKnown && /^[\w.-]{1,256}$/.test(challenge) ? { ...TAKEN, body: challenge } : null;
    },

    read: (_request, body) => readWhatsapp(body, phoneNumberId),

    async send(http, target, text) {
      const json = {
        messaging_product: "whatsapp",
        recipient_type: "individual",
        ...recipientOf(target),
        ...(target.messageId === null ? {} : { context: { message_id: target.messageId } }),
        type: "text",
        text: { body: text, preview_url: false },
      };
      return sentOf(await callPlatform(http, { method: "POST", url: `${number}/messages`, headers, json }));
    },

    async fetchAttachment(http, attachment, maxBytes) {
      const id = encodeURIComponent(attachment.reference);
      const url = `${api}/${id}?phone_number_id=${encodeURIComponent(phoneNumberId)}`;
      const media = mediaOf(attachment, await callPlatform(http, { method: "GET", url, headers }));
      const own = ownAddress(media.url, mediaOrigins);
      if (own === null) {
        throw unavailable(attachment, "its address is none of WhatsApp's");
      }
      const known = { ...attachment, bytes: media.bytes };
      return fetchFile(http, known, { url: own.href, headers }, maxBytes);
    },

    async probe(http: ChannelHttp) {
      const url = `${number}?fields=verified_name,display_phone_number`;
      const { status, body } = await callPlatform(http, { method: "GET", url, headers });
      if (status !== 200) {
        return { ok: false, reason: whyNot(status, body).reason };
      }
      const { verified_name: name, display_phone_number: shown } = body;
      return { ok: true, account: `${word(name, "a number")} (${word(shown, phoneNumberId)})` };
    },
  };
};

/** `sha256=` and 64 lower-case hexadecimal digits. */
function signatureOf(request: HookRequest): { bytes: Buffer | null; verdict: Verdict } {
  const header = request.header(SIGNATURE);
  if (header === undefined || header === "") {
    return { bytes: null, verdict: fault("signature_missing") };
  }
  const bytes = header.startsWith("sha256=") ? fromHex(header.slice("sha256=".length), 32) : null;
  return { bytes, verdict: bytes === null ? fault("signature_wrong") : { ok: true } };
}

/** A telephone number, or the id of somebody who shows none. */
function recipientOf({ conversationId }: ReplyTarget): { to: string } | { recipient: string } {
  return /^\d+$/.test(conversationId) ? { to: conversationId } : { recipient: conversationId };
}

function mediaOf(attachment: InboundAttachment, answer: PlatformAnswer): { url: string; bytes: number | null } {
  const { status, body } = answer;
  const media = MediaAnswer.safeParse(body);
  if (status !== 200 || !media.success) {
    throw unavailable(attachment, whyNot(status, body).reason);
  }
  const { url, file_size: size } = media.data;
  return { url, bytes: size === null || size === undefined ? null : Number(size) };
}

function sentOf(answer: PlatformAnswer): Sent {
  const { status, body, retryAfterMs } = answer;
  if (status !== 200) {
    const { code, reason } = whyNot(status, body);
    const again = WORTH_ANOTHER_TRY.get(code);
    if (again !== undefined) {
      return { ok: false, retry: true, retryAfterMs: retryAfterMs ?? again.retryAfterMs, reason };
    }
    // A code of its own is a decision, whatever the status; without one it may pass.
    return code === 0 || status === 429
      ? refusalOf(answer, reason)
      : { ok: false, retry: false, retryAfterMs: null, reason };
  }
  const [message] = z.array(z.unknown()).catch([]).parse(body["messages"]);
  const { id } = membersOf(message);
  return { ok: true, platformMessageId: typeof id === "string" ? id : null };
}

/** The platform's own words may hold numbers of people: only its code is taken, in ours. */
function whyNot(status: number, body: Record<string, unknown>): { code: number; reason: string } {
  const given = membersOf(body["error"])["code"];
  const code = typeof given === "number" && Number.isSafeInteger(given) ? given : 0;
  const meaning = WORTH_ANOTHER_TRY.get(code)?.meaning ?? MEANINGS.get(code);
  const shown = code === 0 ? `HTTP ${status}` : `error ${code}`;
  return { code, reason: `WhatsApp answered ${shown}${meaning === undefined ? "" : `: ${meaning}`}` };
}
