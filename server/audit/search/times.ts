/** Times as people write them in a search: `since:1h`, `created:>2026-11-01`, `created:2026-11-01..2026-11-03`. All in UTC. Pure. */

/** Milliseconds since 1970; `untilMs` is exclusive. */
export interface Span {
  sinceMs?: number;
  untilMs?: number;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};
const AGE = /^(\d{1,6})([smhdw])$/;
const LONGEST_MS = 10 * 366 * 86_400_000;

/** Milliseconds of `15m`, `1h`, `7d`; null for anything else. */
export function parseAge(text: string): number | null {
  const [, amount = "", unit = ""] = AGE.exec(text) ?? [];
  const ms = Number(amount) * (UNITS_MS[unit] ?? NaN);
  return ms > 0 && ms <= LONGEST_MS ? ms : null;
}

/** A whole day or one moment. */
interface Moment {
  fromMs: number;
  /** Exclusive. */
  toMs: number;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?$/;
const DAY_MS = 86_400_000;

function momentOf(text: string): Moment | null {
  if (DAY.test(text)) {
    const fromMs = Date.parse(`${text}T00:00:00Z`);
    // 2026-02-30 is read as the second of March by some.
    return Number.isNaN(fromMs) || !new Date(fromMs).toISOString().startsWith(text)
      ? null
      : { fromMs, toMs: fromMs + DAY_MS };
  }
  const zone = TIME.exec(text);
  if (zone === null) {
    return null;
  }
  const fromMs = Date.parse(zone[3] === undefined ? `${text}Z` : text);
  return Number.isNaN(fromMs) ? null : { fromMs, toMs: fromMs + 1 };
}

/** Null for what is no time. `A..B` includes both; `*` on one side leaves it open. */
export function parseCreated(text: string): Span | null {
  const [, sign = "", rest = ""] = /^(>=|<=|>|<|)(.*)$/s.exec(text) ?? [];
  const [first = "", last, ...more] = rest.split("..");
  if (last === undefined) {
    const moment = momentOf(first);
    return moment === null ? null : bySign(sign, moment);
  }
  const from = first === "*" ? undefined : momentOf(first);
  const to = last === "*" ? undefined : momentOf(last);
  if (sign !== "" || more.length > 0 || from === null || to === null || (from ?? to) === undefined) {
    return null;
  }
  return { ...(from === undefined ? {} : { sinceMs: from.fromMs }), ...(to === undefined ? {} : { untilMs: to.toMs }) };
}

function bySign(sign: string, { fromMs, toMs }: Moment): Span {
  switch (sign) {
    case ">":
      return { sinceMs: toMs };
    case ">=":
      return { sinceMs: fromMs };
    case "<":
      return { untilMs: fromMs };
    case "<=":
      return { untilMs: toMs };
    default:
      return { sinceMs: fromMs, untilMs: toMs };
  }
}

/** What lies in both. */
export function intersect(a: Span, b: Span): Span {
  const sinceMs = Math.max(a.sinceMs ?? -Infinity, b.sinceMs ?? -Infinity);
  const untilMs = Math.min(a.untilMs ?? Infinity, b.untilMs ?? Infinity);
  return {
    ...(sinceMs === -Infinity ? {} : { sinceMs }),
    ...(untilMs === Infinity ? {} : { untilMs }),
  };
}
