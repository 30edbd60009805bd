/**
 * Slack on loopback: the Web API that the gateway uses, and signed deliveries of events and slash commands.
 * Sources: https://docs.slack.dev/apis/events-api (retries), https://docs.slack.dev/reference/methods/chat.postMessage (errors, lengths)
 */
import { createHmac, randomBytes } from "node:crypto";
import type { GenericMessageEvent } from "@slack/types";
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

interface SlackMessage {
  channel: string;
  /** As it was sent: escaped. */
  text: string;
  ts: string;
  thread: string | null;
  unfurls: boolean;
  edits: number;
}

export interface FakeSlack extends FakePlatform {
  /** What goes into `connection.apiBase`. */
  apiBase: string;
  signingSecret: string;
  botToken: string;
  botUserId: string;
  messages: SlackMessage[];
  /** What came through response addresses. */
  responses: { url: string; text: string; responseType: string }[];
  /** Channels in which the bot may not write. */
  absentFrom: Set<string>;
  /** Files by the path of their address. */
  files: Map<string, Buffer>;
  /** Headers of Slack over a body, signed at a time of its own (seconds). */
  sign(body: string, at?: number): Record<string, string>;
  envelope(event: object, eventId?: string): string;
  /** A direct message of `user`. */
  directMessage(user: string, text: string, more?: object): GenericMessageEvent;
  /** Delivers, again with the retry headers when it is not taken within three seconds. */
  event(url: string, event: object, eventId?: string): Promise<Delivered>;
  command(url: string, fields: Record<string, string>): Promise<Delivered>;
  /** The form of a slash command. */
  form(fields: Record<string, string>): string;
}

/** Slack itself waits a moment, a minute and five. */
const RETRIES = [10, 50, 100];
const JSON_TYPE = { "content-type": "application/json" };
const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };

export async function startFakeSlack(): Promise<FakeSlack> {
  const signingSecret = randomBytes(16).toString("hex");
  const botToken = `xoxb-${randomBytes(8).toString("hex")}`;
  const botUserId = "U0BOT00001";
  const messages: SlackMessage[] = [];
  const responses: FakeSlack["responses"] = [];
  const absentFrom = new Set<string>();
  const files = new Map<string, Buffer>();
  let count = 0;
  let origin = "";

  const sign = (body: string, at = seconds()): Record<string, string> => ({
    "x-slack-request-timestamp": String(at),
    "x-slack-signature": `v0=${createHmac("sha256", signingSecret).update(`v0:${at}:${body}`).digest("hex")}`,
  });
  const nextTs = (): string => `${seconds()}.${String((count += 1)).padStart(6, "0")}`;

  function answer(request: PlatformRequest): PlatformReply {
    const { method, path, body, headers } = request;
    if (path.startsWith("/commands/")) {
      return respond(request);
    }
    if (headers.authorization !== `Bearer ${botToken}`) {
      return path.startsWith("/files-pri/")
        ? { status: 302, headers: { location: `${origin}/login` }, body: "" }
        : no("invalid_auth");
    }
    if (path.startsWith("/files-pri/")) {
      const file = files.get(path);
      return file === undefined ? { status: 404, body: {} } : { status: 200, body: file };
    }
    if (method !== "POST") {
      return no("invalid_post_type");
    }
    switch (path) {
      case "/api/auth.test":
        return yes({ url: `${origin}/`, team: "Fake Workspace", user: "gateway", team_id: "T1", user_id: botUserId });
      case "/api/chat.postMessage":
        return postMessage(body);
      case "/api/chat.update":
        return update(body);
      default:
        return no("unknown_method");
    }
  }

  function postMessage(body: Record<string, unknown>): PlatformReply {
    const { channel, text } = body;
    if (typeof channel !== "string" || !/^[CDG][A-Z0-9]{2,}$/.test(channel)) {
      return no("channel_not_found");
    }
    if (absentFrom.has(channel)) {
      return no("not_in_channel");
    }
    const fault = textFault(text);
    if (fault !== null) {
      return no(fault);
    }
    const thread = typeof body["thread_ts"] === "string" ? body["thread_ts"] : null;
    const unfurls = body["unfurl_links"] !== false || body["unfurl_media"] !== false;
    const message = { channel, text: String(text), ts: nextTs(), thread, unfurls, edits: 0 };
    messages.push(message);
    return yes({ channel, ts: message.ts, message: { text, ts: message.ts } });
  }

  function update(body: Record<string, unknown>): PlatformReply {
    const message = messages.find(({ channel, ts }) => channel === body["channel"] && ts === body["ts"]);
    const fault = textFault(body["text"]);
    if (message === undefined || fault !== null) {
      return no(fault ?? "message_not_found");
    }
    message.text = String(body["text"]);
    message.edits += 1;
    return yes({ channel: message.channel, ts: message.ts, text: message.text });
  }

  /** Five times, as Slack does. */
  function respond({ path, body }: PlatformRequest): PlatformReply {
    const url = `${origin}${path}`;
    if (responses.filter((known) => known.url === url).length >= 5) {
      return { status: 404, body: "used_url" };
    }
    responses.push({ url, text: String(body["text"]), responseType: String(body["response_type"]) });
    return { status: 200, body: "ok" };
  }

  const platform = await startPlatform(answer);
  ({ origin } = platform);
  const envelope: FakeSlack["envelope"] = (event, eventId = `Ev${randomBytes(5).toString("hex").toUpperCase()}`) =>
    JSON.stringify({
      token: "deprecated",
      team_id: "T1",
      api_app_id: "A1",
      event,
      type: "event_callback",
      event_id: eventId,
      event_time: seconds(),
      authorizations: [{ enterprise_id: null, team_id: "T1", user_id: botUserId, is_bot: true }],
    });
  const form: FakeSlack["form"] = (fields) =>
    new URLSearchParams({
      token: "deprecated",
      team_id: "T1",
      team_domain: "fake",
      channel_id: "C0TOWN",
      channel_name: "town",
      user_id: "U0ALICE",
      user_name: "alice",
      command: "/help",
      text: "",
      response_url: `${origin}/commands/${randomBytes(6).toString("hex")}`,
      trigger_id: `${randomBytes(5).toString("hex")}.1.2`,
      ...fields,
    }).toString();

  return {
    ...platform,
    apiBase: `${origin}/api`,
    signingSecret,
    botToken,
    botUserId,
    messages,
    responses,
    absentFrom,
    files,
    sign,
    envelope,
    form,
    directMessage: (user, text, more = {}) => ({
      type: "message",
      subtype: undefined,
      channel: `D${user.slice(1)}`,
      channel_type: "im",
      user,
      text,
      ts: nextTs(),
      event_ts: nextTs(),
      ...more,
    }),
    event(url, event, eventId) {
      const body = envelope(event, eventId);
      return deliver(url, {
        body,
        headers: (attempt) => ({ ...JSON_TYPE, ...sign(body), ...retryHeaders(attempt) }),
        retries: RETRIES,
      });
    },
    command(url, fields) {
      const body = form(fields);
      return deliver(url, { body, headers: () => ({ ...FORM_TYPE, ...sign(body) }) });
    },
  };
}

const yes = (body: object): PlatformReply => ({ status: 200, body: { ok: true, ...body } });
const no = (error: string): PlatformReply => ({ status: 200, body: { ok: false, error } });

const retryHeaders = (attempt: number): Record<string, string> =>
  attempt === 0 ? {} : { "x-slack-retry-num": String(attempt), "x-slack-retry-reason": "http_timeout" };

function textFault(text: unknown): string | null {
  if (typeof text !== "string" || text === "") {
    return "no_text";
  }
  return characters(text) > 40_000 ? "msg_too_long" : null;
}
