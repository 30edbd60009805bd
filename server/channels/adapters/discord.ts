/**
 * Discord by interactions: slash commands in, webhook of the interaction out.
 * Sources: https://discord.com/developers/docs/interactions/overview#setting-up-an-endpoint-validating-security-request-headers,
 * …/interactions/receiving-and-responding#followup-messages, …/resources/message, …/topics/rate-limits, …/topics/opcodes-and-status-codes
 */
import { createPublicKey, verify as verifySignature, type KeyObject } from "node:crypto";
import type {
  AdapterFactory,
  ChannelHttp,
  HookRequest,
  ResolvedConnection,
  Sent,
  Verdict,
} from "#server/channels/adapter.ts";
import { fetchFile, unavailable } from "#server/channels/adapters/attachment.ts";
import { apiBaseOf, ownAddress } from "#server/channels/adapters/base-url.ts";
import { readDiscord } from "#server/channels/adapters/discord-read.ts";
import { needed } from "#server/channels/adapters/needed.ts";
import { callPlatform, refusalOf, word, type PlatformAnswer } from "#server/channels/adapters/platform-api.ts";
import { retryAfterMs } from "#server/core/http/retry-after.ts";
import { handleIsOver } from "#server/channels/reply-handle.ts";
import type { ReplyTarget } from "#server/channels/schema.ts";
import { fault, freshness, fromHex } from "#server/channels/signature.ts";
import { AppError } from "#server/core/errors.ts";
import { VERSION } from "#server/version.ts";

const USUAL_API = "https://discord.com/api/v10";
const FILE_ORIGINS = ["https://cdn.discordapp.com", "https://media.discordapp.net"];
const TOLERANCE_MS = 300_000;
const MAX_BODY_BYTES = 1_048_576;
const MAX_TEXT = 2_000;
const SIGNATURE = "x-signature-ed25519";
const TIMESTAMP = "x-signature-timestamp";
const SUPPRESS_EMBEDS = 4;
/** Flag of a message that is "… is thinking" still. */
const LOADING = 128;
/** Discord's form of a User-Agent; calls without one are turned away. */
const USER_AGENT = `DiscordBot (https://github.com/openclaw, ${VERSION})`;
/** How long the token of an interaction holds (milliseconds). */
const TOKEN_MS = 15 * 60_000;
/** The interaction's webhook is no more: its token does not hold. */
const TOKEN_ENDED = new Set([10_015, 10_062, 50_027]);

/**
 * y-coordinates of the eight points of small order (little-endian, the bit of the sign cleared; those that are not reduced included). By the
 * equation of RFC 8032 anybody can sign for such a key; whether a library lets it pass is its own affair. A key of zeros, which somebody may
 * write for "none yet", is one.
 */
const WEAK_KEYS = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

export const createDiscord: AdapterFactory = (connection) => {
  const key = publicKeyOf(connection);
  const applicationId = needed(connection, "applicationId");
  const headers = { authorization: `Bot ${needed(connection, "botToken")}`, "user-agent": USER_AGENT };
  const api = apiBaseOf(connection.apiBase, USUAL_API);
  const fileOrigins = connection.apiBase === undefined ? FILE_ORIGINS : [new URL(api).origin, ...FILE_ORIGINS];

  const webhookOf = (token: string): string =>
    `${api}/webhooks/${encodeURIComponent(applicationId)}/${encodeURIComponent(token)}`;
  const channelOf = (id: string): string => `${api}/channels/${encodeURIComponent(id)}`;

  /** By the interaction while it lasts, which needs no right in the channel; then as the bot. */
  async function say(
    http: ChannelHttp,
    method: "POST" | "PATCH",
    target: ReplyTarget,
    message: string,
    text: string,
  ): Promise<Sent> {
    const { replyHandle, conversationId } = target;
    const isOver = handleIsOver(target, Date.now(), TOKEN_MS);
    const byInteraction = replyHandle === null || isOver ? null : `${webhookOf(replyHandle)}${message}`;
    // No mention in a reply calls anybody, and no address in it is looked at.
    const json = { content: text, flags: SUPPRESS_EMBEDS, allowed_mentions: { parse: [] } };
    if (byInteraction !== null) {
      // The token in the address is the proof; the bot's own is not needed there.
      const answer = await callPlatform(http, {
        method,
        url: byInteraction,
        headers: { "user-agent": USER_AGENT },
        json,
      });
      if (!hasEnded(answer)) {
        return sentOf(answer);
      }
    }
    const url = `${channelOf(conversationId)}${message === "" ? "/messages" : message}`;
    const sent = sentOf(await callPlatform(http, { method, url, headers, json }));
    return sent.ok || replyHandle === null
      ? sent
      : { ...sent, reason: `the interaction is over; as the bot: ${sent.reason}` };
  }

  return {
    maxText: MAX_TEXT,
    measure: (text) => text.length,
    maxBodyBytes: MAX_BODY_BYTES,
    precheck: (request) => signatureOf(request).verdict,

    verify(request, body, now) {
      const { bytes, verdict } = signatureOf(request);
      if (bytes === null) {
        return verdict;
      }
      const timestamp = request.header(TIMESTAMP);
      const fresh = freshness(timestamp, now, TOLERANCE_MS);
      if (!fresh.ok) {
        return fresh;
      }
      const signed = Buffer.concat([Buffer.from(timestamp ?? ""), body]);
      return verifySignature(null, signed, key, bytes) ? { ok: true } : fault("signature_wrong");
    },

    read: (_request, body) => readDiscord(body, applicationId),

    // Discord puts the first of these in the place of "… is thinking".
    send: (http, target, text) => say(http, "POST", target, "", text),
    edit: (http, target, platformMessageId, text) =>
      say(http, "PATCH", target, `/messages/${encodeURIComponent(platformMessageId)}`, text),

    /**
     * Discord ends "… is thinking" by itself when the token does; nothing is left to do then. An answer takes the same place, so it is looked
     * at first: one that came after all stays.
     */
    async withdraw(http, target) {
      const { replyHandle } = target;
      if (replyHandle === null || handleIsOver(target, Date.now(), TOKEN_MS)) {
        return { ok: true, platformMessageId: null };
      }
      const url = `${webhookOf(replyHandle)}/messages/@original`;
      const ask = (method: "GET" | "DELETE") =>
        callPlatform(http, { method, url, headers: { "user-agent": USER_AGENT } });
      const shown = await ask("GET");
      const isThinking = shown.status === 200 && (Number(shown.body["flags"] ?? 0) & LOADING) !== 0;
      const answer = isThinking ? await ask("DELETE") : shown;
      const isGone = answer.status === 200 || answer.status === 204 || answer.status === 404 || hasEnded(answer);
      return isGone ? { ok: true, platformMessageId: null } : sentOf(answer);
    },

    async fetchAttachment(http, attachment, maxBytes) {
      const url = ownAddress(attachment.reference, fileOrigins);
      if (url === null) {
        throw unavailable(attachment, "it is not kept by Discord");
      }
      // The address carries its own proof; the bot's token stays here.
      return await fetchFile(http, attachment, { url: url.href, headers: { "user-agent": USER_AGENT } }, maxBytes);
    },

    async probe(http) {
      const answer = await callPlatform(http, { method: "GET", url: `${api}/applications/@me`, headers });
      const sent = sentOf(answer);
      if (!sent.ok) {
        return { ok: false, reason: sent.reason };
      }
      const { id, name, verify_key: verifyKey } = answer.body;
      if (id !== applicationId) {
        return { ok: false, reason: "botToken belongs to another application than applicationId" };
      }
      if (verifyKey !== connection.publicKey?.toLowerCase()) {
        return { ok: false, reason: "publicKey is not that of the application: its deliveries would all be refused" };
      }
      return { ok: true, account: word(name, "an application") };
    },
  };
};

/** @throws AppError NOT_CONFIGURED when there is none, or one that proves nothing */
function publicKeyOf(connection: ResolvedConnection): KeyObject {
  const bytes = fromHex(needed(connection, "publicKey").toLowerCase(), 32);
  if (bytes === null || WEAK_KEYS.has(withoutSign(bytes).toString("hex"))) {
    const path = `channels.${connection.channel}.connection.publicKey`;
    throw new AppError(
      "NOT_CONFIGURED",
      `${path} is no public key of an application: the channel is off and refuses every delivery. Copy the 64 digits from "General Information" in Discord's developer portal.`,
      { details: { key: path } },
    );
  }
  return createPublicKey({
    format: "jwk",
    key: { kty: "OKP", crv: "Ed25519", x: bytes.toString("base64url") },
  });
}

function withoutSign(point: Buffer): Buffer {
  const cleared = Buffer.from(point);
  cleared.writeUInt8(cleared.readUInt8(31) & 0x7f, 31);
  return cleared;
}

/** 128 lower-case hexadecimal digits. */
function signatureOf(request: HookRequest): { bytes: Buffer | null; verdict: Verdict } {
  const header = request.header(SIGNATURE);
  if (header === undefined || header === "") {
    return { bytes: null, verdict: fault("signature_missing") };
  }
  const bytes = fromHex(header, 64);
  return { bytes, verdict: bytes === null ? fault("signature_wrong") : { ok: true } };
}

function hasEnded(answer: PlatformAnswer): boolean {
  return answer.status >= 400 && TOKEN_ENDED.has(Number(answer.body["code"]));
}

function sentOf(answer: PlatformAnswer): Sent {
  const { status, body } = answer;
  if (status !== 200 && status !== 201) {
    const code = body["code"];
    const shown = typeof code === "number" ? `HTTP ${status}, code ${code}` : `HTTP ${status}`;
    // The body counts in fractions of a second, the header in whole ones.
    const wish = typeof body["retry_after"] === "number" ? String(body["retry_after"]) : undefined;
    const wait = retryAfterMs(wish, Date.now()) ?? answer.retryAfterMs;
    return refusalOf({ ...answer, retryAfterMs: wait }, `Discord answered ${shown}`);
  }
  return { ok: true, platformMessageId: typeof body["id"] === "string" ? body["id"] : null };
}
