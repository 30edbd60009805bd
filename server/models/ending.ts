/** How calls end, and what ends them early. */
import { Roster, type Place } from "#server/core/roster.ts";

export type Ending =
  | "answered"
  | "provider_error"
  | "provider_unreachable"
  | "provider_address_refused"
  | "provider_broke_off"
  | "provider_refused_key"
  | "provider_redirected"
  | "provider_encoded"
  | "key_missing"
  | "timeout"
  | "caller_gone"
  | "token_ended"
  | "locked"
  | "stopping"
  | "unrecorded";

export const UNRECORDED = [503, "The gateway cannot record this call now. Try again later."] as const;

/** Endings without a usable answer: status and what the caller is told. No host, no key. */
export const FAILURES: Readonly<Partial<Record<Ending, readonly [status: number, message: string]>>> = {
  provider_unreachable: [502, "The model's provider could not be reached. Try again later."],
  provider_address_refused: [
    502,
    "The address of the model's provider is not open to the gateway. The gateway's administrator finds it in the log, and opens addresses of the own network in security.outbound.allowedPrivate.",
  ],
  provider_broke_off: [502, "The model's provider broke the connection off. Try again."],
  provider_refused_key: [
    502,
    "The model's provider refused the gateway's key. The gateway's administrator has to correct it.",
  ],
  provider_redirected: [
    502,
    "The model's provider answered with a redirect, which is not followed. The gateway's administrator has to correct its baseUrl.",
  ],
  provider_encoded: [502, "The model's provider answered in an encoding that was not asked for."],
  key_missing: [
    503,
    "The key of the model's provider is not set or cannot be read. The gateway's administrator finds the reason in its log.",
  ],
  timeout: [504, "The model did not answer within models.timeout. Ask for less, or raise it."],
  token_ended: [401, "The token of this call has ended."],
  locked: [423, "The call was cut: an incident has locked its token, or whom the token is for."],
  stopping: [503, "The gateway is stopping. Try again later."],
  unrecorded: UNRECORDED,
};

export type EarlyEnd = Extract<Ending, "timeout" | "caller_gone" | "token_ended" | "locked" | "stopping">;

/** Milliseconds after which a call without an answer is slow: several times what it takes to put something on record. */
const SLOW_AFTER_MS = 5;

/**
 * Ends a call once, for one reason. One timer at a time, and a signal only for those who ask for one: making, watching and aborting signals
 * costs more than the rest of a short call.
 */
export class CallEnd {
  #controller: AbortController | null = null;
  #timer: NodeJS.Timeout;
  #why: EarlyEnd | null = null;
  /** Called once, when the call turns out to be slow; null = nobody wants to know (any more). */
  #onSlow: (() => void) | null;
  /** What its caller is told about that; null = the usual words. */
  words: string | null = null;
  /** Called when the call is ended early; whoever has the connection to the provider sets it. */
  onEarly: (() => void) | null = null;

  /** @param onSlow called once, after a few milliseconds without `answered()` */
  constructor(timeoutMs: number, onSlow: (() => void) | null = null) {
    this.#onSlow = onSlow;
    this.#timer = this.#armed(timeoutMs);
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#why !== null) {
        this.#controller.abort();
      }
    }
    return this.#controller.signal;
  }

  /** Why the call was ended early; null = it was not. */
  get why(): EarlyEnd | null {
    return this.#why;
  }

  now(why: EarlyEnd, words?: string): void {
    if (this.#why === null) {
      this.#why = why;
      this.words = words ?? null;
      this.#controller?.abort();
      this.onEarly?.();
    }
  }

  /** Another model gets the time that this one did not keep to; any other end stays one. @returns whether the call goes on */
  goOn(timeoutMs: number): boolean {
    this.onEarly = null;
    if (this.#why === "timeout") {
      this.#why = null;
      this.#controller = null;
    }
    clearTimeout(this.#timer);
    this.#timer = this.#armed(timeoutMs);
    return this.#why === null;
  }

  /** The provider's answer is there: the call is not slow. */
  answered(): void {
    this.#onSlow = null;
  }

  /** The call is over by itself. */
  done(): void {
    clearTimeout(this.#timer);
    this.onEarly = null;
    this.#onSlow = null;
  }

  #armed(timeoutMs: number): NodeJS.Timeout {
    if (this.#onSlow === null) {
      return setTimeout(() => this.now("timeout"), timeoutMs);
    }
    return setTimeout(() => {
      this.#timer = setTimeout(() => this.now("timeout"), timeoutMs - SLOW_AFTER_MS);
      // Not at once: on a busy process the answer often lies there already, and is read between.
      setImmediate(() => this.#slow());
    }, SLOW_AFTER_MS);
  }

  #slow(): void {
    const tell = this.#onSlow;
    this.#onSlow = null;
    if (this.#why === null) {
      tell?.();
    }
  }
}

/** Ends all calls of one door when its process does. */
export class Stopping {
  readonly #calls = new Roster<CallEnd>();
  #now = false;

  /** A call has begun: ended at once where the process is stopping already. */
  begun(end: CallEnd): Place<CallEnd> {
    if (this.#now) {
      end.now("stopping");
    }
    return this.#calls.add(end);
  }

  over(call: Place<CallEnd>): void {
    this.#calls.delete(call);
  }

  now(): void {
    this.#now = true;
    this.#calls.forEach((end) => end.now("stopping"));
  }
}
