/**
 * Weeks of made-up traffic of a small team, minute by minute, with attacks at known times, run through the watch as the server does it.
 * Everything follows from the seed and from {@link TRAFFIC}.
 */
import { seededRandom } from "./seeded-random.ts";
import { MetricWatch, stepMs, type Change, type Measured } from "#server/anomalies/watch.ts";

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const QUIET_DAYS = 14;
/** A Monday. */
const START = Date.UTC(2026, 2, 2);

/** Rates are per minute at the busiest time of a working day, all users together. */
export const TRAFFIC = {
  users: 30,
  /** Share of the busiest time's traffic that is there at night, and on weekends. */
  night: 0.08,
  weekend: 0.35,
  /** How busy each day is as a whole: a factor e^N(0, s). */
  dayToDay: 0.15,
  message_volume: { rate: 4, burstsPerDay: 3, burstSize: [15, 60], burstMinutes: 15 },
  authentication_failures: {
    rate: 0.03,
    burstsPerDay: 4,
    burstSize: [3, 8],
    burstMinutes: 4,
    scansPerDay: 1,
    scanSize: [10, 30],
    scanMinutes: 20,
  },
  authorization_denials: { rate: 0.05, burstsPerDay: 2, burstSize: [3, 10], burstMinutes: 10 },
  /** A job reads many files every night at 02:00. */
  file_access_patterns: { rate: 2, burstsPerDay: 3, burstSize: [20, 60], burstMinutes: 10, nightlyJob: 300 },
  /** Each run takes e^N(1, 1) CPU seconds. */
  resource_usage: { rate: 1, logMean: 1, logDeviation: 1, burstsPerDay: 2, burstSize: [5, 20], burstMinutes: 20 },
  /** Each call costs e^N(−4, 1) USD. */
  model_spend_usd: { rate: 2, logMean: -4, logDeviation: 1, burstsPerDay: 2, burstSize: [10, 40], burstMinutes: 20 },
} as const;

/** The attacks: what is added per minute, by whom and for how long. */
export const ATTACKS = {
  "credential stuffing, one address": {
    metric: "authentication_failures",
    subject: "address:198.51.100.66",
    perMinute: 5,
    minutes: 90,
  },
  "credential stuffing, 200 addresses": {
    metric: "authentication_failures",
    subject: "address:203.0.113.",
    spread: 200,
    perMinute: 4,
    minutes: 120,
  },
  "message flood": { metric: "message_volume", subject: "token:tok_flood", perMinute: 30, minutes: 45 },
  "slow scan of files": { metric: "file_access_patterns", subject: "user:user7", perMinute: 6, minutes: 300 },
  "cost spike": { metric: "model_spend_usd", subject: "user:user3", perMinute: 0.5, minutes: 90 },
  "CPU spike": { metric: "resource_usage", subject: "user:user5", perMinute: 20, minutes: 90 },
} as const satisfies Record<string, Attack>;

interface Attack {
  metric: Metric;
  subject: string;
  /** So many subjects, which take turns; default one. */
  spread?: number;
  perMinute: number;
  minutes: number;
}

const METRICS = [
  "message_volume",
  "authentication_failures",
  "authorization_denials",
  "file_access_patterns",
  "resource_usage",
  "model_spend_usd",
] as const;
type Metric = (typeof METRICS)[number];

/** Values by minute and subject. */
type Minutes = Map<string, number>[];

export interface Replay {
  seed: number;
  /** Minutes from the beginning of an attack to the look that found it; null = not found within two windows. */
  detectedAfter: Record<string, number | null>;
  /** Episodes in normal traffic, and in how many weeks of it. */
  falseAlerts: { metric: string; subject: string; day: number; score: number }[];
  weeks: number;
}

/**
 * `weeks` of normal traffic on every metric, in which every episode is a false alert; and for each attack two weeks of the same traffic
 * before it, the attack at a random time of the next day.
 */
export function replay(seed: number, { windowMinutes = 60, threshold = 0.8, weeks = 4 } = {}): Replay {
  const options = { windowMinutes, threshold };
  const result: Replay = { seed, detectedAfter: {}, falseAlerts: [], weeks };
  const traffic = (metric: Metric, days: number): Minutes =>
    normalTraffic(metric, days, seededRandom(seed * 1_000_003 + METRICS.indexOf(metric)));
  for (const metric of METRICS) {
    for (const { minute, change } of watchMinutes(traffic(metric, weeks * 7), options)) {
      const { subject, score } = change.episode;
      if (change.kind === "began") result.falseAlerts.push({ metric, subject, day: minute / DAY_MINUTES, score });
    }
  }
  const random = seededRandom(seed);
  for (const [name, attack] of Object.entries<Attack>(ATTACKS)) {
    const begin = Math.floor((QUIET_DAYS + random()) * DAY_MINUTES);
    const minutes = traffic(attack.metric, QUIET_DAYS + 2).slice(0, begin + 2 * windowMinutes);
    addAttack(minutes, attack, begin);
    result.detectedAfter[name] = null;
    for (const { minute, change } of watchMinutes(minutes, options)) {
      if (change.kind === "began" && minute > begin) result.detectedAfter[name] ??= minute - begin;
    }
  }
  return result;
}

export type AttackName = keyof typeof ATTACKS;

/** One of the attacks after `quietDays` of normal traffic: values by minute and subject, and the minute in which it begins. */
export function attackedTraffic(seed: number, name: AttackName, quietDays: number) {
  const attack: Attack = ATTACKS[name];
  const begin = quietDays * DAY_MINUTES + 660;
  const random = seededRandom(seed * 1_000_003 + METRICS.indexOf(attack.metric));
  const minutes = normalTraffic(attack.metric, quietDays + 1, random);
  addAttack(minutes, attack, begin);
  return { metric: attack.metric, subject: attack.subject, minutes, begin, start: START };
}

/** The watch over a metric's minutes, as the server runs it. */
function* watchMinutes(
  minutes: Minutes,
  { windowMinutes, threshold }: { windowMinutes: number; threshold: number },
): Generator<{ minute: number; change: Change }> {
  const watch = new MetricWatch({ windowMs: windowMinutes * MINUTE_MS, threshold });
  const step = stepMs(windowMinutes * MINUTE_MS, MINUTE_MS) / MINUTE_MS;
  for (let minute = windowMinutes; minute <= minutes.length; minute += step) {
    for (const change of watch.look(START + minute * MINUTE_MS, sumUp(minutes, minute - windowMinutes, minute))) {
      yield { minute, change };
    }
  }
}

function sumUp(minutes: Minutes, from: number, to: number): Measured {
  const subjects = new Map<string, number>();
  let total = 0;
  for (const minute of minutes.slice(from, to)) {
    for (const [subject, value] of minute) {
      subjects.set(subject, (subjects.get(subject) ?? 0) + value);
      if (subject.startsWith("user:") || subject.startsWith("address:") || subject.startsWith("token:")) total += value;
    }
  }
  return { total, subjects };
}

function normalTraffic(metric: Metric, days: number, random: () => number): Minutes {
  const draw = draws(random);
  const minutes: Minutes = Array.from({ length: days * DAY_MINUTES }, () => new Map<string, number>());
  const { rate, burstsPerDay, burstSize, burstMinutes } = TRAFFIC[metric];
  const size = (): number => {
    if (metric !== "resource_usage" && metric !== "model_spend_usd") return 1;
    const { logMean, logDeviation } = TRAFFIC[metric];
    return Math.exp(logMean + logDeviation * draw.normal());
  };
  const add = (minute: number, subject: string, value: number): void => {
    const at = minutes[minute];
    at?.set(subject, (at.get(subject) ?? 0) + value);
  };
  const burst = (day: number, subject: string, [least, most]: readonly [number, number], length: number): void => {
    const begin = day * DAY_MINUTES + 480 + Math.floor(random() * 600);
    const count = least + Math.floor(random() * (most - least));
    for (let each = 0; each < count; each += 1) add(begin + Math.floor(random() * length), subject, size());
  };
  const who = (): string =>
    metric === "authentication_failures" ? `address:10.0.0.${draw.someone()}` : `user:user${draw.someone()}`;
  for (let day = 0; day < days; day += 1) {
    const factor = Math.exp(TRAFFIC.dayToDay * draw.normal()) * (day % 7 >= 5 ? TRAFFIC.weekend : 1);
    for (let minute = 0; minute < DAY_MINUTES; minute += 1) {
      const count = draw.poisson(rate * factor * dayCurve(minute));
      for (let each = 0; each < count; each += 1) add(day * DAY_MINUTES + minute, who(), size());
    }
    for (let each = draw.poisson(burstsPerDay * Math.min(1, factor)); each > 0; each -= 1)
      burst(day, who(), burstSize, burstMinutes);
    if (metric === "authentication_failures") {
      const { scansPerDay, scanSize, scanMinutes } = TRAFFIC[metric];
      for (let each = draw.poisson(scansPerDay); each > 0; each -= 1) {
        burst(day, `address:192.0.2.${Math.floor(random() * 250)}`, scanSize, scanMinutes);
      }
    }
    if (metric === "file_access_patterns") {
      const { nightlyJob } = TRAFFIC[metric];
      for (let each = 0; each < nightlyJob; each += 1)
        add(day * DAY_MINUTES + 120 + Math.floor(random() * 10), "user:backup", 1);
    }
  }
  return minutes;
}

/** Two humps at 10:30 and 15:00 over the night's level. */
function dayCurve(minute: number): number {
  const hump = (at: number, width: number): number => Math.exp(-(((minute - at) / width) ** 2));
  return TRAFFIC.night + (1 - TRAFFIC.night) * Math.min(1, hump(630, 130) + hump(900, 140));
}

function addAttack(minutes: Minutes, { subject, spread = 1, perMinute, minutes: length }: Attack, begin: number): void {
  let due = 0;
  let turn = 0;
  for (let minute = begin; minute < begin + length; minute += 1) {
    due += perMinute;
    const whole = spread > 1 ? Math.floor(due) : due;
    const at = minutes[minute];
    const parts = spread > 1 ? whole : 1;
    for (let part = 0; part < parts; part += 1) {
      const name = spread > 1 ? `${subject}${(turn += 1) % spread}` : subject;
      at?.set(name, (at.get(name) ?? 0) + whole / parts);
    }
    due -= whole;
  }
}

function draws(random: () => number): { normal(): number; poisson(mean: number): number; someone(): number } {
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return {
    normal,
    /** Knuth's; means are small here. */
    poisson(mean) {
      const limit = Math.exp(-mean);
      let count = 0;
      for (let product = random(); product > limit; product *= random()) count += 1;
      return count;
    },
    /** A user: the first ones are the most active. */
    someone: () => Math.floor(TRAFFIC.users * random() ** 2),
  };
}
