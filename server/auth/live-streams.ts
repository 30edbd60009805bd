/**
 * Streams that console sessions hold open. A call is judged when it comes; a stream lasts, so what was true when it began is asked again while it
 * lasts. Threat: a member who was disabled, signed out or lost a permission and keeps reading from a page that is still open.
 */
import type { ConsoleSession } from "#server/auth/session.ts";
import { can } from "#server/access/index.ts";
import { holdSession, lockOnSession } from "#server/auth/member-lock.ts";
import type { AuthServices } from "#server/auth/services.ts";
import { AppError, isAppError } from "#server/core/errors.ts";

/**
 * Streams of one session at a time. Browsers open six connections to a server over HTTP/1.1: streams that took them all would leave none for the
 * pages' own calls.
 */
export const MAX_LIVE_STREAMS = 4;
/** Between two looks at a session (milliseconds). Announced changes are looked at sooner. */
const LOOK_MS = 2_000;

interface LiveStream {
  session: ConsoleSession;
  /** What the caller must hold for as long as the stream lasts. Read anew at each look, so it may grow. */
  permissions: ReadonlySet<string>;
  /** The session as it stands now; null = it has ended. */
  reauthenticate: () => Promise<ConsoleSession | null>;
  /** Called once when the stream may not go on. */
  end: (why: AppError) => void;
}

export interface LiveStreams {
  /** Watches over `stream`. @returns what ends the watch. @throws AppError RATE_LIMITED, BUSY while the server stops. */
  open(stream: LiveStream): () => void;
  /** Looks at all sessions now: something about members or roles has changed. */
  look(): void;
  /** Streams open at this moment. */
  count(): number;
}

interface Held {
  /** Streams, with what lets go of their watch for locks. */
  streams: Map<LiveStream, () => void>;
  timer: NodeJS.Timeout;
  /** `again`: something was announced while the look was under way. */
  looking: "no" | "yes" | "again";
}

/**
 * @param locks cut the streams of whom an incident shuts out, at once
 * @param draining aborted when the server stops: streams end then, so that it can
 */
export function createLiveStreams(
  { locks }: Pick<AuthServices, "locks">,
  draining: AbortSignal,
  lookMs = LOOK_MS,
): LiveStreams {
  const bySession = new Map<string, Held>();

  function endAll(sessionId: string, why: AppError): void {
    for (const stream of bySession.get(sessionId)?.streams.keys() ?? []) {
      close(stream);
      stream.end(why);
    }
  }

  function close(stream: LiveStream): void {
    const held = bySession.get(stream.session.id);
    held?.streams.get(stream)?.();
    if (held?.streams.delete(stream) === true && held.streams.size === 0) {
      clearInterval(held.timer);
      bySession.delete(stream.session.id);
    }
  }

  async function lookAt(sessionId: string): Promise<void> {
    const held = bySession.get(sessionId);
    if (held === undefined || held.looking !== "no") {
      Object.assign(held ?? {}, { looking: "again" });
      return;
    }
    do {
      held.looking = "yes";
      await judge(sessionId, [...held.streams.keys()]);
      // The type checker does not see that the look was awaited.
    } while ((held.looking as Held["looking"]) === "again");
    held.looking = "no";
  }

  async function judge(sessionId: string, streams: readonly LiveStream[]): Promise<void> {
    const [first] = streams;
    if (first === undefined) {
      return;
    }
    let session: ConsoleSession | null;
    try {
      session = await first.reauthenticate();
    } catch (error) {
      // Nobody goes on on a guess: the page connects again and is judged then.
      endAll(sessionId, isAppError(error) ? error : new AppError("INTERNAL", "The session could not be checked."));
      return;
    }
    if (session === null) {
      endAll(sessionId, new AppError("UNAUTHENTICATED", "Your session has ended. Sign in again."));
      return;
    }
    for (const stream of streams) {
      const lock = lockOnSession({ locks }, session);
      const why = lock === null ? refusal(session, stream.permissions) : new AppError("LOCKED", lock.message);
      if (why !== null) {
        close(stream);
        stream.end(why);
      }
    }
  }

  draining.addEventListener("abort", () => bySession.forEach((_held, sessionId) => endAll(sessionId, stopping())));

  return {
    open(stream) {
      if (draining.aborted) {
        throw stopping();
      }
      const sessionId = stream.session.id;
      const held = bySession.get(sessionId);
      if (held !== undefined && held.streams.size >= MAX_LIVE_STREAMS) {
        throw new AppError(
          "RATE_LIMITED",
          `This session follows ${MAX_LIVE_STREAMS} live views already. Close one of the other tabs, then try again.`,
        );
      }
      if (held === undefined) {
        const timer = setInterval(() => void lookAt(sessionId), lookMs);
        timer.unref();
        bySession.set(sessionId, { streams: new Map(), timer, looking: "no" });
      }
      const letGo = holdSession({ locks }, stream.session, (why) => {
        close(stream);
        stream.end(why);
      });
      bySession.get(sessionId)?.streams.set(stream, letGo);
      return () => close(stream);
    },
    look: () => bySession.forEach((_held, sessionId) => void lookAt(sessionId)),
    count: () => [...bySession.values()].reduce((sum, { streams }) => sum + streams.size, 0),
  };
}

function refusal(session: ConsoleSession, permissions: ReadonlySet<string>): AppError | null {
  if (session.secondFactor === "missing") {
    return new AppError("MFA_REQUIRED", "Your role asks for a second factor now. Enrol one under /enrol, then go on.");
  }
  const missing = [...permissions].find((permission) => !can(session.permissions, permission));
  return missing === undefined
    ? null
    : new AppError("FORBIDDEN", `Your role has lost the permission "${missing}". Ask an administrator for it.`);
}

const stopping = (): AppError => new AppError("BUSY", "The gateway is stopping. The page connects again by itself.");
