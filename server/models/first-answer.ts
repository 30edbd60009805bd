/** The first model of a call that answers: the same again, another of the chain, or none. */
import type { IncomingHttpHeaders } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { ModelCall, Target } from "#server/models/accept.ts";
import { attempt, type Failure, type Outcome } from "#server/models/attempt.ts";
import type { CallEnd, Ending } from "#server/models/ending.ts";
import { FIRST, nextAttempt, type Failure as Attempted, type Place } from "#server/models/fallback.ts";
import type { ModelServices } from "#server/models/services.ts";

/** Tries the models of the call until one answers, or nothing is left to try. Nothing has been sent to the caller meanwhile. */
export async function firstThatAnswers(
  services: ModelServices,
  call: ModelCall,
  headers: IncomingHttpHeaders,
  end: CallEnd,
): Promise<{ outcome: Outcome; attempts: number; failed: string[] }> {
  const { retries, timeout } = services.config.current().config.models;
  // Programs repeat their calls themselves.
  const settings = call.caller.kind === "program" ? { ...retries, count: 0 } : retries;
  const failed: string[] = [];
  let place: Place = FIRST;
  for (let attempts = 1; ; attempts += 1) {
    const target = call.targets[place.index] ?? (call.targets as readonly [Target])[0];
    const outcome = await attempt(services, call, target, headers, end);
    const next =
      outcome.kind === "failure"
        ? nextAttempt(place, failureOf(outcome), call.targets.length, settings, Math.random())
        : null;
    if (outcome.kind !== "failure" || next === null) {
      return { outcome, attempts, failed };
    }
    if (!end.goOn(timeout) || !(await pause(next.waitMs, end.signal))) {
      return { outcome: { ...outcome, ending: end.why ?? outcome.ending, error: null }, attempts, failed };
    }
    failed.push(`${target.model} ${outcome.ending}${outcome.status === null ? "" : ` ${outcome.status}`}`);
    place = next;
  }
}

const CAUSES: Readonly<Partial<Record<Ending, Attempted["cause"]>>> = {
  provider_unreachable: "unreachable",
  provider_broke_off: "broke_off",
  provider_address_refused: "misconfigured",
  provider_refused_key: "misconfigured",
  provider_redirected: "misconfigured",
  provider_encoded: "misconfigured",
  key_missing: "misconfigured",
  timeout: "timeout",
  caller_gone: "caller_gone",
  token_ended: "caller_gone",
  locked: "caller_gone",
  stopping: "stopping",
};

const failureOf = ({ ending, status, wishes }: Failure): Attempted => ({
  status,
  cause: CAUSES[ending] ?? null,
  ...wishes,
  begun: false,
});

/** @returns false when the call ended meanwhile. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (ms > 0) {
    await delay(ms, undefined, { signal }).catch(() => undefined);
  }
  return !signal.aborted;
}
