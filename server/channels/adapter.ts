/**
 * What a platform is to the gateway: how its deliveries are proven, read, acknowledged and answered. One file per platform in `adapters/`.
 * An adapter is pure but for `send`, `edit` and `fetchAttachment`, which speak HTTP through the client they are given and through no other.
 */
import type {
  ChannelType,
  InboundAttachment,
  InboundEvent,
  ReplyTarget,
  WebhookScheme,
} from "#server/channels/schema.ts";

/** A request on `/hooks/<channel>`, as far as an adapter may see it. */
export interface HookRequest {
  method: "GET" | "POST";
  /** Lower-case names; repeated headers are joined as HTTP allows. */
  header(name: string): string | undefined;
  query: URLSearchParams;
}

export type Verdict = { ok: true } | { ok: false; reason: HookFault };

/** Why a delivery proves nothing. All are answered alike. */
export type HookFault =
  "secret_missing" | "signature_missing" | "signature_wrong" | "timestamp_missing" | "timestamp_stale";

/** What a proven body turned out to be. */
export type Reading =
  /** The platform asks whether we are who it thinks: answered with this, nothing is stored. */
  | { kind: "challenge"; answer: HookAnswer }
  | { kind: "events"; events: InboundEvent[]; answer: HookAnswer }
  /** Proven, but not of the form that the platform documents. */
  | { kind: "malformed"; message: string };

export interface HookAnswer {
  status: number;
  contentType: string;
  body: string;
}

/** One HTTP exchange with the platform. Addresses are checked when the connection is made; no redirect is followed. */
export type ChannelHttp = (request: {
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  url: string;
  headers: Record<string, string>;
  body?: string;
  /** Milliseconds. */
  timeoutMs?: number;
  /** Bytes of the answer that are read at most. */
  maxBytes?: number;
}) => Promise<{ status: number; headers: Record<string, string>; body: Buffer }>;

/** How a platform took a message. `retryAfterMs` is the platform's own wish where it has one. */
export type Sent =
  | { ok: true; platformMessageId: string | null }
  | { ok: false; retry: boolean; retryAfterMs: number | null; reason: string };

/** A platform with the settings and secrets of one connection; secrets are resolved and never blank. */
export interface ChannelAdapter {
  /** Longest text of one message, in the unit of `measure`. */
  maxText: number;
  /** The length of a text as the platform counts it. */
  measure(text: string): number;
  /** Bytes of a delivery that are read at most. */
  maxBodyBytes: number;
  /** From headers alone, before the body is read: what can be refused already. */
  precheck(request: HookRequest): Verdict;
  /** @param now milliseconds since 1970 */
  verify(request: HookRequest, body: Buffer, now: number): Verdict | Promise<Verdict>;
  /** GET requests of platforms that prove an address that way; null = not here. */
  challenge?(request: HookRequest): HookAnswer | null;
  read(request: HookRequest, body: Buffer): Reading;
  /** Learns what `read` needs of the platform, such as the bot's own name; called before it, after proof. Never throws. */
  prepare?(http: ChannelHttp): Promise<void>;
  /** True where replies go nowhere: nothing is sent, and a delivery is done without one. */
  silent?: boolean;
  /** True where who gets a message knows a repeat by its `replyId`: one that may have arrived is sent again. */
  knowsRepeats?: boolean;
  /**
   * Posts one message; link previews are off wherever the platform lets us say so.
   * @param replyId the same for each attempt at one message, for platforms that recognise repeats
   */
  send(http: ChannelHttp, target: ReplyTarget, text: string, replyId: string): Promise<Sent>;
  /** Replaces the text of a message that was sent, for progress; absent = the platform cannot. */
  edit?(http: ChannelHttp, target: ReplyTarget, platformMessageId: string, text: string): Promise<Sent>;
  /**
   * Takes back what the platform shows until an answer comes, where there will be none, and leaves what has come: the sender learns nothing;
   * absent = it shows nothing.
   */
  withdraw?(http: ChannelHttp, target: ReplyTarget): Promise<Sent>;
  /** The bytes of an attachment, `maxBytes` at most. */
  fetchAttachment?(http: ChannelHttp, attachment: InboundAttachment, maxBytes: number): Promise<Buffer>;
  /** Asks the platform who we are: proves the credentials for `openclaw channels test`. */
  probe(http: ChannelHttp): Promise<{ ok: true; account: string } | { ok: false; reason: string }>;
}

/** One connection as its adapter gets it: references resolved, seals opened. Each adapter's factory refuses what it needs and lacks. */
export interface ResolvedConnection {
  channel: string;
  type: ChannelType;
  botToken?: string | undefined;
  webhookSecret?: string | undefined;
  signingSecret?: string | undefined;
  appSecret?: string | undefined;
  verifyToken?: string | undefined;
  accessToken?: string | undefined;
  phoneNumberId?: string | undefined;
  publicKey?: string | undefined;
  applicationId?: string | undefined;
  scheme?: WebhookScheme | undefined;
  secret?: string | undefined;
  replyUrl?: string | undefined;
  replySecret?: string | undefined;
  apiBase?: string | undefined;
}

/** @throws AppError NOT_CONFIGURED that names the blank key; its channel is then off, and answers 401 to everything. */
export type AdapterFactory = (connection: ResolvedConnection) => ChannelAdapter;
