/**
 * Notices what other clients of the engine do with this worker's containers: a command in one, a changed limit, a copied file.
 * Threat: whoever else can reach the engine. What a container's own life brings is known and listed; anything else counts as foreign, also
 * an action nobody here has heard of.
 * The engine names no client, so what we do ourselves is told apart by its place in a container's life: it is attached to once and started
 * once. A signal that ends it belongs to `run-failure.ts`, which knows whether the run was to be ended.
 * The engine remembers its last 256 events: after a longer interruption with more than that some cannot be had any more.
 */
import type Docker from "dockerode";
import { z } from "zod";
import type { Logger } from "#server/core/log.ts";
import { withinLimit } from "#worker/connect-engine.ts";
import { LABEL } from "#worker/container-spec.ts";
import { Bell } from "#worker/ticker.ts";

export interface ForeignAction {
  /** The engine's word for it, without what follows a colon: that is the other client's text (a command with its arguments). */
  action: string;
  attributes: Record<string, string>;
}

/** What foreign hands did with one container. */
export interface HandsOn {
  /** The first action; never settles when there is none. */
  readonly first: Promise<ForeignAction>;
  /** The first action seen so far. */
  readonly seen: ForeignAction | null;
}

const ANSWER_LIMIT_MS = 5_000;
const RETRY_MS = 1_000;
/** Events of several containers do not come in exactly the order of their times: so much is asked for again. */
const OVERLAP_MS = 1_000;
const MAX_LINE_CHARACTERS = 1024 * 1024;
/** Attributes that go on record; the others are labels or other clients' text. */
const TOLD_ATTRIBUTES = ["execID", "signal", "name", "oldName", "type"];
/** A container's own life, as often as it happens. */
const OWN_LIFE: ReadonlySet<string> = new Set(["create", "die", "destroy", "oom", "stop", "detach"]);
/** SIGKILL and SIGTERM: seen at the container's end. */
const ENDING_SIGNALS: ReadonlySet<string> = new Set(["9", "15"]);

const EngineEvent = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
});

/** The life of one container so far, and what does not belong to it. */
export class ContainerLife implements HandsOn {
  readonly #first = Promise.withResolvers<ForeignAction>();
  readonly #done = new Set<string>();
  /** Times of the events noted: the engine is asked for some of them twice. */
  readonly #noted = new Set<string>();
  #seen: ForeignAction | null = null;

  get first(): Promise<ForeignAction> {
    return this.#first.promise;
  }

  get seen(): ForeignAction | null {
    return this.#seen;
  }

  /**
   * @param at the event's time, as the engine wrote it
   * @param kind what the event is about: "container" or "network"
   */
  note(at: string, kind: string, action: string, attributes: Readonly<Record<string, string>>): void {
    const name = action.split(":", 1)[0] ?? "";
    const mark = `${at} ${kind} ${name}`;
    if (this.#seen !== null || this.#noted.has(mark)) {
      return;
    }
    this.#noted.add(mark);
    if (this.#isOwn(kind, name, attributes)) {
      return;
    }
    const told = TOLD_ATTRIBUTES.flatMap((key): [string, string][] =>
      attributes[key] === undefined ? [] : [[key, attributes[key].slice(0, 200)]],
    );
    this.#seen = { action: kind === "container" ? name : `${kind}_${name}`, attributes: Object.fromEntries(told) };
    this.#first.resolve(this.#seen);
  }

  #isOwn(kind: string, name: string, { signal }: Readonly<Record<string, string>>): boolean {
    if (kind === "network") {
      // Joined just before the start and left just after the end.
      return !this.#done.has("start") || this.#done.has("die");
    }
    const again = this.#done.has(name);
    this.#done.add(name);
    switch (name) {
      case "attach":
        return !again && !this.#done.has("start");
      case "start":
        return !again;
      case "kill":
        return ENDING_SIGNALS.has(signal ?? "");
      default:
        return OWN_LIFE.has(name);
    }
  }
}

export class EngineEvents {
  readonly #docker: Docker;
  readonly #log: Logger;
  readonly #workerId: string;
  readonly #lives = new Map<string, ContainerLife>();
  readonly #closing = new AbortController();
  readonly #bell = new Bell();
  readonly #following: Promise<void>;
  /** Time of the last event, in milliseconds since the epoch by the engine's clock. */
  #lastAt = Date.now();
  #down = false;

  /** Begins to listen; a stream that breaks is asked for again, from the last event on. */
  constructor(deps: { docker: Docker; log: Logger; workerId: string }) {
    this.#docker = deps.docker;
    this.#log = deps.log;
    this.#workerId = deps.workerId;
    this.#following = this.#follow();
  }

  /** Also says what happened before the call, since the container was created. Until `forget`. */
  watch(containerId: string): HandsOn {
    return this.#lifeOf(containerId);
  }

  forget(containerId: string): void {
    this.#lives.delete(containerId);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#bell.ring();
    await this.#following;
  }

  #lifeOf(containerId: string): ContainerLife {
    const life = this.#lives.get(containerId) ?? new ContainerLife();
    this.#lives.set(containerId, life);
    return life;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const error = await this.#readOnce().catch((reason: unknown) => reason);
      if (!signal.aborted) {
        if (!this.#down) {
          this.#log.warn(
            { err: error },
            "the engine's events cannot be read: foreign actions show when they can be again",
          );
        }
        this.#down = true;
        await this.#bell.sleep(RETRY_MS);
      }
    }
  }

  /** Resolves or rejects when the stream ends. */
  async #readOnce(): Promise<void> {
    const asked = this.#docker.getEvents({
      since: (this.#lastAt - OVERLAP_MS) / 1000,
      filters: { type: ["container", "network"] },
      abortSignal: this.#closing.signal,
    });
    const stream = await withinLimit(asked, ANSWER_LIMIT_MS);
    if (this.#down) {
      this.#down = false;
      this.#log.info("the engine's events are read again");
    }
    stream.setEncoding("utf8");
    let rest = "";
    for await (const chunk of stream) {
      const lines = `${rest}${String(chunk)}`.split("\n");
      rest = lines.pop() ?? "";
      lines.filter(Boolean).forEach((line) => this.#onLine(line));
      if (rest.length > MAX_LINE_CHARACTERS) {
        throw new Error("The engine sent an event without an end");
      }
    }
  }

  #onLine(line: string): void {
    const parsed = EngineEvent.safeParse(jsonOf(line));
    if (!parsed.success) {
      this.#log.warn({ err: parsed.error }, "the engine sent an event that cannot be read");
      return;
    }
    const { Type, Action, Actor } = parsed.data;
    // Nanoseconds are more than a number holds exactly.
    const at = /"timeNano":(\d+)/.exec(line)?.[1] ?? "0";
    this.#lastAt = Math.max(this.#lastAt, Math.floor(Number(at) / 1e6));
    const { ID: id, Attributes: attributes } = Actor;
    if (Type === "network") {
      this.#lives.get(attributes.container ?? "")?.note(at, Type, Action, attributes);
    } else if (attributes[LABEL.worker] === this.#workerId) {
      // What others do may come before the engine's answer has told us the id.
      const life = Action === "create" ? this.#lifeOf(id) : this.#lives.get(id);
      life?.note(at, Type, Action, attributes);
    }
  }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
