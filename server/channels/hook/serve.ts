/**
 * `/hooks/<channel>`: what platforms deliver. Order: method and path → what headers alone can prove → limit on the address's failures →
 * body, bounded in bytes, time and by what all take together → signature over the raw bytes → time → form → repeats → stored, and on record → 200.
 * Threats: bodies sent to exhaust whoever reads before it asks (CVE-2026-32980), forged and repeated deliveries, a channel without its secret
 * that believes everybody (CVE-2026-44109), guesses without end (GHSA-xq8g), and finding out by the answer which channels there are.
 */
import type { ChannelAdapter, HookAnswer, HookRequest } from "#server/channels/adapter.ts";
import type { LiveChannel } from "#server/channels/connections.ts";
import { acceptEvents } from "#server/channels/hook/accept.ts";
import { recordMalformed, recordRepeated, refuseDelivery } from "#server/channels/hook/refuse.ts";
import { takeRoom } from "#server/channels/hook/room.ts";
import type { ChannelServices } from "#server/channels/services.ts";
import { AppError, isAppError } from "#server/core/errors.ts";
import {
  complete,
  errorBody,
  incomingOf,
  json,
  send,
  type Carrier,
  type Incoming,
  type WholeOutgoing,
} from "#server/gateway/index.ts";

const HOOK_PATH = /^\/hooks\/([^/?#]{1,200})$/;

export const isHookPath = (url = ""): boolean => url.startsWith("/hooks/") && HOOK_PATH.test(pathOf(url));

const pathOf = (url: string | undefined): string => (url ?? "").split("?", 1)[0] ?? "";

export async function serveHook(services: ChannelServices, carrier: Carrier): Promise<void> {
  const incoming = incomingOf(carrier);
  const answered = await answerHook(services, incoming);
  await send(carrier.response, complete(services, answered, incoming.requestId));
}

async function answerHook(services: ChannelServices, incoming: Incoming): Promise<WholeOutgoing> {
  try {
    return await judge(services, incoming);
  } catch (error) {
    // Nothing was stored: the platform delivers again.
    services.log.error({ err: error, requestId: incoming.requestId }, "a delivery could not be taken");
    const known = isAppError(error)
      ? error
      : new AppError("STORE_UNAVAILABLE", "The delivery could not be stored. Deliver it again later.");
    return json(503, errorBody(known, incoming.requestId), { "retry-after": "5" });
  }
}

async function judge(services: ChannelServices, incoming: Incoming): Promise<WholeOutgoing> {
  const channel = HOOK_PATH.exec(pathOf(incoming.path))?.[1] ?? "";
  const { method } = incoming;
  if (method !== "POST" && method !== "GET") {
    const error = new AppError("METHOD_NOT_ALLOWED", "Platforms deliver by POST, and ask by GET.");
    return json(405, errorBody(error, incoming.requestId), { allow: "GET, POST" });
  }
  const live = services.connections.live(channel);
  if (live === undefined) {
    const state = services.connections.stateOf(channel);
    const reason = state === "off" ? "channel_off" : state === "not_configured" ? "not_configured" : "unknown_channel";
    return refuseDelivery(services, incoming, { channel: state === undefined ? null : channel, reason });
  }
  const { adapter } = live;
  const request: HookRequest = { method, header: (name) => incoming.header(name), query: incoming.query };
  if (method === "GET") {
    const answer = adapter.challenge?.(request) ?? null;
    return answer === null
      ? refuseDelivery(services, incoming, { channel, reason: "challenge_wrong" })
      : ofPlatform(answer);
  }
  const early = adapter.precheck(request);
  if (!early.ok) {
    return refuseDelivery(services, incoming, { channel, reason: early.reason });
  }
  if (services.attempts.waitMs({ kind: "hook", address: incoming.address, account: channel }) > 0) {
    return refuseDelivery(services, incoming, { channel, reason: "locked_out" });
  }
  const giveBack = takeRoom(incoming, adapter.maxBodyBytes);
  if (giveBack === null) {
    return refuseDelivery(services, incoming, { channel, reason: "no_room" });
  }
  try {
    return await take(services, incoming, live, request);
  } finally {
    giveBack();
  }
}

/** Reads and proves the body, and stores what is in it. */
async function take(
  services: ChannelServices,
  incoming: Incoming,
  { channel, adapter, http }: LiveChannel,
  request: HookRequest,
): Promise<WholeOutgoing> {
  const body = await bodyOf(services, incoming, adapter, channel);
  if (!Buffer.isBuffer(body)) {
    return body;
  }
  const proof = await adapter.verify(request, body, services.clock.now());
  if (!proof.ok) {
    return refuseDelivery(services, incoming, { channel, reason: proof.reason });
  }
  services.attempts.succeeded({ kind: "hook", address: incoming.address, account: channel });
  await adapter.prepare?.(http);
  const reading = adapter.read(request, body);
  if (reading.kind === "challenge") {
    return ofPlatform(reading.answer);
  }
  if (reading.kind === "malformed") {
    await recordMalformed(services, incoming, channel, reading.message);
    const error = new AppError("INVALID_INPUT", `The delivery is not of the documented form: ${reading.message}.`);
    return json(400, errorBody(error, incoming.requestId));
  }
  const repeated = await acceptEvents(services, incoming, channel, reading.events);
  for (const eventId of repeated) {
    await recordRepeated(services, incoming, channel, eventId);
  }
  return ofPlatform(reading.answer);
}

const ofPlatform = ({ status, contentType, body }: HookAnswer): WholeOutgoing => ({
  status,
  headers: { "content-type": contentType },
  body,
});

/** The body, or the refusal of what is too slow or too long. */
async function bodyOf(
  services: ChannelServices,
  incoming: Incoming,
  adapter: ChannelAdapter,
  channel: string,
): Promise<Buffer | WholeOutgoing> {
  try {
    return await incoming.readBody(adapter.maxBodyBytes);
  } catch (error) {
    if (!isAppError(error) || error.code === "INTERNAL") {
      throw error;
    }
    const reason = error.code === "PAYLOAD_TOO_LARGE" ? "too_large" : error.code === "TIMEOUT" ? "too_slow" : "cut_off";
    return refuseDelivery(services, incoming, { channel, reason });
  }
}
