/** Refused deliveries: on record before they are answered, counted against their address, and alike from outside. */
import type { HookFault } from "#server/channels/adapter.ts";
import type { ChannelServices } from "#server/channels/services.ts";
import { AppError } from "#server/core/errors.ts";
import { ERROR_MEANINGS } from "#server/core/error-map.ts";
import { errorBody, json, type Incoming, type WholeOutgoing } from "#server/gateway/index.ts";

export type RefusalReason =
  | HookFault
  | "unknown_channel"
  | "channel_off"
  | "not_configured"
  | "challenge_wrong"
  | "too_large"
  | "no_room"
  | "too_slow"
  | "cut_off"
  | "locked_out";

/** These say nothing of who sent it, so they are not counted as guesses. A header that is not there is no guess either. */
const NO_GUESS: ReadonlySet<RefusalReason> = new Set([
  "signature_missing",
  "too_large",
  "no_room",
  "too_slow",
  "cut_off",
  "locked_out",
]);
const REQUEST_TIMEOUT = 408;
const NO_ROOM_SECONDS = "5";

/** @param channel null = there is none of that name, and the name is the stranger's own */
export async function refuseDelivery(
  services: ChannelServices,
  incoming: Incoming,
  { channel, reason }: { channel: string | null; reason: RefusalReason },
): Promise<WholeOutgoing> {
  const { address, requestId } = incoming;
  const attempt = { kind: "hook", address, account: channel } as const;
  const waitMs = services.attempts.waitMs(attempt);
  if (waitMs === 0 && !NO_GUESS.has(reason)) {
    services.attempts.failed(attempt);
  }
  const told: RefusalReason = waitMs > 0 ? "locked_out" : reason;
  await services.refusals.record(`hook|${told}|${channel ?? ""}|${address}`, {
    event: "channel.delivery_refused",
    outcome: "denied",
    actor: { type: "anonymous", id: address },
    address,
    requestId,
    channel: channel ?? undefined,
    target: channel === null ? "/hooks/" : `/hooks/${channel}`,
    reason: told,
  });
  return answerOf(told, waitMs, requestId);
}

function answerOf(reason: RefusalReason, waitMs: number, requestId: string): WholeOutgoing {
  if (reason === "locked_out") {
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    const error = new AppError("LOCKED_OUT", `Too many refused deliveries from this address. Wait ${seconds} s.`);
    return json(429, errorBody(error, requestId), { "retry-after": String(seconds) });
  }
  if (reason === "too_large") {
    const error = new AppError("PAYLOAD_TOO_LARGE", "The delivery is larger than its platform makes them.");
    return json(ERROR_MEANINGS[error.code].http, errorBody(error, requestId));
  }
  if (reason === "no_room") {
    const error = new AppError("BUSY", "Too many large deliveries are under way. Deliver it again in a moment.");
    return json(ERROR_MEANINGS[error.code].http, errorBody(error, requestId), { "retry-after": NO_ROOM_SECONDS });
  }
  if (reason === "too_slow" || reason === "cut_off") {
    const error = new AppError("TIMEOUT", "The body did not arrive whole in time.");
    return json(REQUEST_TIMEOUT, errorBody(error, requestId), { connection: "close" });
  }
  // One answer for everything else: what is wrong, and whether there is such a channel, is for the record.
  const error = new AppError("UNAUTHENTICATED", "This delivery is not proven to come from its platform.");
  return json(401, errorBody(error, requestId));
}

export async function recordMalformed(
  services: ChannelServices,
  { address, requestId }: Incoming,
  channel: string,
  problem: string,
): Promise<void> {
  await services.refusals.record(`malformed|${channel}|${address}`, {
    event: "channel.delivery_malformed",
    outcome: "failed",
    actor: { type: "anonymous", id: address },
    address,
    requestId,
    channel,
    target: channel,
    reason: "malformed",
    data: { problem: problem.slice(0, 300) },
  });
}

export async function recordRepeated(
  services: ChannelServices,
  { address, requestId }: Incoming,
  channel: string,
  event: string,
): Promise<void> {
  await services.refusals.record(`repeated|${channel}|${address}`, {
    event: "channel.delivery_repeated",
    outcome: "ok",
    actor: { type: "anonymous", id: address },
    address,
    requestId,
    channel,
    target: channel,
    reason: "duplicate",
    data: { event },
  });
}
