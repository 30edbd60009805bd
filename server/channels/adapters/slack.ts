/**
 * Slack: Events API and slash commands in, Web API out.
 * Sources: https://docs.slack.dev/authentication/verifying-requests-from-slack, https://docs.slack.dev/reference/methods/chat.postMessage,
 * https://docs.slack.dev/apis/web-api/rate-limits, https://docs.slack.dev/interactivity/handling-user-interaction
 */
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
import { readSlack } from "#server/channels/adapters/slack-read.ts";
import { escapeText } from "#server/channels/adapters/slack-text.ts";
import { handleIsOver } from "#server/channels/reply-handle.ts";
import type { ReplyTarget } from "#server/channels/schema.ts";
import { fault, freshness, fromHex, hmacMatches } from "#server/channels/signature.ts";

const USUAL_API = "https://slack.com/api";
/** Slack's own limit on the age of a request. */
const TOLERANCE_MS = 300_000;
const MAX_BODY_BYTES = 1_048_576;
/** What Slack recommends for one message; it cuts at 40,000. */
const MAX_TEXT = 4_000;
const SIGNATURE = "x-slack-signature";
const TIMESTAMP = "x-slack-request-timestamp";

/** Errors after which nothing was done and the same call may work. `internal_error` and `fatal_error` may have posted: not these. */
const WORTH_ANOTHER_TRY = new Set([
  "ratelimited",
  "rate_limited",
  "service_unavailable",
  "request_timeout",
  "team_added_to_org",
]);
/** How long the response address of a command is good (milliseconds). */
const RESPONSE_MS = 30 * 60_000;
/** The app may not write where the command was typed: the response address still can. */
const NOT_THERE = new Set(["not_in_channel", "channel_not_found", "restricted_action", "is_archived"]);

export const createSlack: AdapterFactory = (connection) => {
  const signingSecret = needed(connection, "signingSecret");
  const authorization = `Bearer ${needed(connection, "botToken")}`;
  const api = apiBaseOf(connection.apiBase, USUAL_API);
  const ownOrigins = originsOf(api);

  const call = (http: ChannelHttp, method: string, json: Record<string, unknown>): Promise<PlatformAnswer> =>
    callPlatform(http, { method: "POST", url: `${api}/${method}`, headers: { authorization }, json });

  return {
    maxText: MAX_TEXT,
    measure: (text) => escapeText(text).length,
    maxBodyBytes: MAX_BODY_BYTES,
    precheck: (request) => (signatureOf(request).bytes === null ? signatureOf(request).verdict : { ok: true }),

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
      const isGenuine = hmacMatches("sha256", signingSecret, [`v0:${timestamp ?? ""}:`, body], bytes);
      return isGenuine ? { ok: true } : fault("signature_wrong");
    },

    read: (_request, body) => readSlack(body, ownOrigins),

    async send(http, target, text) {
      const answer = await call(http, "chat.postMessage", {
        channel: target.conversationId,
        text: escapeText(text),
        ...threadOf(target),
        unfurl_links: false,
        unfurl_media: false,
      });
      const sent = sentOf(answer);
      if (sent.ok || target.replyHandle === null || !NOT_THERE.has(String(answer.body["error"]))) {
        return sent;
      }
      if (handleIsOver(target, Date.now(), RESPONSE_MS)) {
        return { ...sent, reason: `${sent.reason}; the response address of the command was good for 30 minutes` };
      }
      const responseUrl = ownAddress(target.replyHandle, ownOrigins);
      return responseUrl === null ? sent : respondTo(http, responseUrl, text);
    },

    async edit(http, target, platformMessageId, text) {
      return sentOf(
        await call(http, "chat.update", {
          channel: target.conversationId,
          ts: platformMessageId,
          text: escapeText(text),
        }),
      );
    },

    async fetchAttachment(http, attachment, maxBytes) {
      const url = ownAddress(attachment.reference, ownOrigins);
      if (url === null) {
        throw unavailable(attachment, "it is not kept by Slack");
      }
      return await fetchFile(http, attachment, { url: url.href, headers: { authorization } }, maxBytes);
    },

    async probe(http) {
      const answer = await call(http, "auth.test", {});
      const sent = sentOf(answer);
      if (!sent.ok) {
        return { ok: false, reason: sent.reason };
      }
      const { user, team } = answer.body;
      return { ok: true, account: `${word(user, "a bot")} in ${word(team, "a workspace")}` };
    },
  };
};

/** `v0=` and 64 lower-case hexadecimal digits. */
function signatureOf(request: HookRequest): { bytes: Buffer; verdict: Verdict } | { bytes: null; verdict: Verdict } {
  const header = request.header(SIGNATURE);
  if (header === undefined || header === "") {
    return { bytes: null, verdict: fault("signature_missing") };
  }
  const bytes = header.startsWith("v0=") ? fromHex(header.slice(3), 32) : null;
  return bytes === null ? { bytes, verdict: fault("signature_wrong") } : { bytes, verdict: { ok: true } };
}

/** The hosts of the workspace's Slack: its API, response addresses and files. */
function originsOf(api: string): string[] {
  const { protocol, host, origin } = new URL(api);
  return [origin, `${protocol}//hooks.${host}`, `${protocol}//files.${host}`];
}

/** An answer stays in its thread; in a channel it opens one under the message, so that it bothers nobody else. */
function threadOf({ threadId, isDirect, messageId }: ReplyTarget): { thread_ts?: string } {
  const thread = threadId ?? (isDirect ? null : messageId);
  return thread === null ? {} : { thread_ts: thread };
}

/** Seen by the sender alone, as far as Slack takes it there: five times within half an hour. */
async function respondTo(http: ChannelHttp, url: URL, text: string): Promise<Sent> {
  const answer = await callPlatform(http, {
    method: "POST",
    url: url.href,
    headers: {},
    json: { response_type: "ephemeral", text: escapeText(text), unfurl_links: false, unfurl_media: false },
  });
  return answer.status === 200
    ? { ok: true, platformMessageId: null }
    : refusalOf(
        answer,
        `Slack's response address answered HTTP ${answer.status}${answer.status === 404 ? ": it takes five messages within 30 minutes" : ""}`,
      );
}

function sentOf(answer: PlatformAnswer): Sent {
  const { status, body, retryAfterMs } = answer;
  if (status !== 200) {
    return refusalOf(answer, `Slack answered HTTP ${status}`);
  }
  if (body["ok"] !== true) {
    const error = word(body["error"], "no reason given");
    const retry = WORTH_ANOTHER_TRY.has(error);
    return { ok: false, retry, retryAfterMs: retry ? retryAfterMs : null, reason: `Slack refused: ${error}` };
  }
  const { ts } = membersOf(body);
  return { ok: true, platformMessageId: typeof ts === "string" ? ts : null };
}
