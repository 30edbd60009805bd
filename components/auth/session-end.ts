/** When a session ends, and why. Pure. */

const WARN_MS = 2 * 60_000;

export interface SessionEnd {
  leftMs: number;
  /** `idle` can be put off by using the page, `absolute` cannot. */
  why: "idle" | "absolute";
}

/** Null as long as there is more time than is worth a warning. @param now by the server's clock, in milliseconds since the Unix epoch. */
export function sessionEnd(session: { idleUntil: Date; expiresAt: Date }, now: number): SessionEnd | null {
  const why = session.expiresAt <= session.idleUntil ? "absolute" : "idle";
  const until = why === "absolute" ? session.expiresAt : session.idleUntil;
  const leftMs = until.getTime() - now;
  return leftMs > WARN_MS ? null : { leftMs, why };
}
