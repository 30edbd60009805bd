/**
 * The life of an alert as one table. Pure: times are milliseconds since 1970, and the present is passed in.
 *
 * An episode begins when the condition is met, waits (`pending`) until it has held long enough, fires, and is resolved once it has been clear
 * for long enough. Until then it is `recovering`: what comes and goes in between (flapping) is one alert and told once.
 */
import type { AlertState } from "#server/alerts/policy.ts";

/** `hold`: nothing is known, so nothing changes. `paused`: the rule is off. */
export type Signal = "met" | "clear" | "hold" | "paused";

export interface Timing {
  /** Milliseconds the condition has to hold before it fires. */
  forMs: number;
  /** Milliseconds it has to be clear before it is resolved. */
  keepFiringMs: number;
  /** Milliseconds between reminders; null = none. */
  remindMs: number | null;
}

export interface Episode {
  state: AlertState;
  startedAt: number;
  firedAt: number | null;
  clearSince: number | null;
  resolvedAt: number | null;
  /** When somebody was last told; null = nobody was. */
  notifiedAt: number | null;
  /** Times it became clear and was met again. */
  flaps: number;
  acknowledged: boolean;
}

export type NoticeKind = "fired" | "reminded" | "resolved";

interface Facts {
  timing: Timing;
  now: number;
  /** Null for what has not begun. */
  episode: Episode | null;
}

interface Move {
  to: AlertState | "inactive";
  /** Absent: always. The first move whose guard holds is made; without one the state stays. */
  when?: (facts: Facts) => boolean;
}

const heldLongEnough = ({ episode, timing, now }: Facts): boolean => now - (episode?.startedAt ?? now) >= timing.forMs;
const clearLongEnough = ({ episode, timing, now }: Facts): boolean =>
  now - (episode?.clearSince ?? now) >= timing.keepFiringMs;

const STAY: readonly Move[] = [];

const MOVES: Readonly<Record<AlertState | "inactive", Readonly<Record<Signal, readonly Move[]>>>> = {
  inactive: {
    met: [{ to: "firing", when: heldLongEnough }, { to: "pending" }],
    clear: STAY,
    hold: STAY,
    paused: STAY,
  },
  pending: {
    met: [{ to: "firing", when: heldLongEnough }],
    clear: [{ to: "inactive" }],
    hold: STAY,
    paused: [{ to: "inactive" }],
  },
  firing: {
    met: STAY,
    clear: [{ to: "resolved", when: clearLongEnough }, { to: "recovering" }],
    hold: STAY,
    paused: [{ to: "resolved" }],
  },
  recovering: {
    met: [{ to: "firing" }],
    clear: [{ to: "resolved", when: clearLongEnough }],
    hold: STAY,
    paused: [{ to: "resolved" }],
  },
  resolved: { met: STAY, clear: STAY, hold: STAY, paused: STAY },
};

const BEGUN: Omit<Episode, "startedAt"> = {
  state: "pending",
  firedAt: null,
  clearSince: null,
  resolvedAt: null,
  notifiedAt: null,
  flaps: 0,
  acknowledged: false,
};

/** The episode after one reading; null = there is none, or it never came to anything. What is resolved stays as it is. */
export function step(episode: Episode | null, signal: Signal, timing: Timing, now: number): Episode | null {
  const from = episode?.state ?? "inactive";
  const facts = { episode, timing, now };
  const move = MOVES[from][signal].find(({ when }) => when?.(facts) ?? true);
  if (move === undefined) {
    return episode;
  }
  return move.to === "inactive" ? null : moved(episode ?? { ...BEGUN, startedAt: now }, move.to, now);
}

function moved(episode: Episode, to: AlertState, now: number): Episode {
  switch (to) {
    case "pending":
      return { ...episode, state: to };
    case "firing":
      return {
        ...episode,
        state: to,
        firedAt: episode.firedAt ?? now,
        clearSince: null,
        flaps: episode.flaps + (episode.state === "recovering" ? 1 : 0),
      };
    case "recovering":
      return { ...episode, state: to, clearSince: now };
    case "resolved":
      return { ...episode, state: to, clearSince: episode.clearSince ?? now, resolvedAt: now };
  }
}

/**
 * What is to be told of an episode now; null = nothing.
 * Silences hold back beginnings and reminders, and what still fires when they end is told then. Who was told of a beginning is told of the end.
 */
export function noticeOf(
  episode: Episode,
  { remindMs, silenced, now }: { remindMs: number | null; silenced: boolean; now: number },
): NoticeKind | null {
  const { state, notifiedAt, acknowledged } = episode;
  if (state === "resolved") {
    return notifiedAt === null ? null : "resolved";
  }
  if (state !== "firing" || silenced) {
    return null;
  }
  if (notifiedAt === null) {
    return "fired";
  }
  return remindMs !== null && !acknowledged && now - notifiedAt >= remindMs ? "reminded" : null;
}
