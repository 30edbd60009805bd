/**
 * A streaming anomaly detector for one series: no training, constant memory, one pass.
 *
 * Each value is compared with what was expected from the recent level, the time of day and the hour of the week; the nearest of these
 * counts, so that what recurs is no surprise. Six questions are asked of it (`Reason` in `schema.ts`), each answered by how rare such an
 * answer is in this very series (`tail.ts`), as in Lavin & Ahmad's anomaly likelihood but with a tail for heavy distributions. The rarest
 * answer decides. What follows within an episode counts only when it is clearly more surprising, so that one episode is one alert.
 */
import { Rhythm, type RhythmState } from "#server/anomalies/rhythm.ts";
import type { Reason } from "#server/anomalies/policy.ts";
import { Tail, type TailState } from "#server/anomalies/tail.ts";

/** Rows a tail remembers (to 1/e): two weeks of five-minute rows. */
const MEMORY_ROWS = 4_000;
/** Rows after which a row becomes part of what it is measured by: what goes on right now is no evidence that it is ordinary. */
const LAG_ROWS = 12;
/** So many missing rows are a gap. */
const GAP_INTERVALS = 12;
/** Rows before anything is said. */
const COLD_ROWS = 100;
/** Share of the way the recent level goes towards each value; the slow one stands for "lately". */
const LEVEL_RATE = 0.2;
const SLOW_RATE = 0.01;
/** Rows over which a moved level and a lasting misfit are averaged. */
const SHIFT_ROWS = 8;
const MISFIT_ROWS = 40;
/** A value beyond everything seen counts in full from this share of the range on. */
const RANGE_TOLERANCE = 0.05;
/** Shortest run of equal values that may be a frozen source, and how many runs must be known. */
const FROZEN_ROWS = 6;
const KNOWN_RUNS = 5;
/** What little was seen carries no strong claim: the surprise after so many rows is at most their square, less this (decimal logarithms). */
const UNSURE = 0.5;
/** Five-minute rows are the measure: rows farther apart are fewer, and each says more (by the square root, as neighbours resemble). */
const REFERENCE_MS = 300_000;
/** An episode's peak fades so much per row (faster while it is high), and what surprises by this much more still counts within it. */
const FADE = 0.02;
const FADE_FAST_ABOVE = 4;
const ESCALATION = 0.1;
/** Share of a surprise that is shown while an episode lasts. */
const WITHIN_EPISODE = 0.1;
/** The surprise of score 0.8: once in 25,000 rows, three months of five-minute rows. */
const SURPRISE_OF_08 = 4.4;
/** Rows outside the expected range in ordinary times, on each side. */
const RANGE_SHARE = 0.005;

/** Correction for asking several questions at once (Bonferroni), in decimal logarithms. */
const QUESTIONS = Math.log10(6);
/** A jump and a frozen value mean less by themselves: as if each came four times as often. */
const WEAK = Math.log10(4);

/** What is asked about sizes; the others are asked about what was seen altogether. */
const SIZED = ["higher", "lower", "misfit", "level_moved", "jump"] as const;
type Sized = (typeof SIZED)[number];
type TailName = Sized | "frozen";

/** The plain numbers a detector keeps. */
interface Figures {
  rows: number;
  /** The last row's moment, and the usual time between rows. */
  at: number;
  intervalMs: number;
  last: number;
  level: number;
  slow: number;
  /** Everything seen lies between these. */
  low: number;
  high: number;
  misfit: number;
  shift: number;
  /** How often the last value came again at once, and how many such runs have ended. */
  run: number;
  runs: number;
  /** What is left of the surprise of the current episode. */
  peak: number;
}

/** Everything a detector knows, as plain JSON of bounded size (about 10 KB). */
export interface DetectorState extends Figures {
  version: 1;
  tails: Record<TailName, TailState>;
  /** Sizes of the last rows, not learnt yet. */
  waiting: Record<Sized, number>[];
  rhythm: RhythmState;
}

/** What a detector says about one value. */
export interface Verdict {
  /** 0..1; high only where an episode begins or clearly worsens. */
  score: number;
  /** 0..1 without regard to an episode: how unusual it is by itself. */
  unusual: number;
  /** Between these it would have been ordinary. */
  expectedLow: number;
  expectedHigh: number;
  /** The same from what was so lately, at any time of day. */
  commonHigh: number;
  reason?: Reason;
}

export class Detector {
  readonly #tails: Record<TailName, Tail>;
  readonly #waiting: Record<Sized, number>[];
  readonly #rhythm: Rhythm;
  readonly #now: Figures;

  constructor(state?: DetectorState) {
    this.#rhythm = new Rhythm(state?.rhythm);
    this.#waiting = [...(state?.waiting ?? [])];
    const tail = (name: TailName): Tail => new Tail(MEMORY_ROWS, state?.tails[name]);
    this.#tails = {
      higher: tail("higher"),
      lower: tail("lower"),
      misfit: tail("misfit"),
      level_moved: tail("level_moved"),
      jump: tail("jump"),
      frozen: tail("frozen"),
    };
    this.#now = { ...NOTHING };
    if (state) for (const name of FIGURES) this.#now[name] = state[name];
  }

  /**
   * Judges a value, then learns it.
   *
   * @param at - milliseconds since 1970; a moment before the last one is judged like the next
   * @param value - finite
   * @param among - of how many series this is asked at once: what is rare in one of them is less so in all
   */
  step(at: number, value: number, among = 1): Verdict {
    const now = this.#now;
    now.rows += 1;
    if (now.rows === 1) {
      Object.assign(now, { at, last: value, level: value, slow: value, low: value, high: value });
      this.#rhythm.learn(at, value);
      return { score: 0, unusual: 0, expectedLow: value, expectedHigh: value, commonHigh: value };
    }
    const isGap = at - now.at > GAP_INTERVALS * now.intervalMs;
    this.#keepInterval(at);
    // What was before a gap says nothing about what comes after it.
    if (isGap) Object.assign(now, { level: value, last: value, shift: 0, misfit: 0, run: 0 });
    let misfit = Math.abs(value - now.slow);
    let distance = Math.abs(value - now.level);
    // Without the recent level, which follows an episode at once: what is expected is what was so before it.
    let lowest = now.slow;
    let highest = now.slow;
    this.#rhythm.usual(at, (mean) => {
      const off = Math.abs(value - mean);
      misfit = Math.min(misfit, off);
      distance = Math.min(distance, off);
      lowest = Math.min(lowest, mean);
      highest = Math.max(highest, mean);
    });
    now.misfit += (misfit - now.misfit) / MISFIT_ROWS;
    now.shift += (value - now.slow - now.shift) / SHIFT_ROWS;
    this.#keepRun(value);

    const sizes = {
      higher: value > now.level ? distance : 0,
      lower: value < now.level ? distance : 0,
      misfit: now.misfit,
      level_moved: Math.abs(now.shift),
      jump: Math.abs(value - now.last),
    };
    const verdict = this.#judge(value, sizes, Math.log10(among));
    const expected = {
      expectedLow: this.#low(lowest - this.#tails.lower.quantile(RANGE_SHARE)),
      expectedHigh: highest + this.#tails.higher.quantile(RANGE_SHARE),
      commonHigh: this.#now.slow + this.#tails.higher.quantile(RANGE_SHARE),
    };
    this.#learn(at, value, sizes);
    return { ...verdict, ...expected };
  }

  /** When the last value was; undefined before the first. */
  get lastAt(): number | undefined {
    return this.#now.rows === 0 ? undefined : this.#now.at;
  }

  state(): DetectorState {
    const { higher, lower, misfit, level_moved, jump, frozen } = this.#tails;
    const tails = {
      higher: higher.state(),
      lower: lower.state(),
      misfit: misfit.state(),
      level_moved: level_moved.state(),
      jump: jump.state(),
      frozen: frozen.state(),
    };
    return { ...this.#now, version: 1, tails, waiting: [...this.#waiting], rhythm: this.#rhythm.state() };
  }

  #judge(value: number, sizes: Record<Sized, number>, many: number): Pick<Verdict, "score" | "unusual" | "reason"> {
    const now = this.#now;
    if (now.rows <= COLD_ROWS) return { score: 0, unusual: 0 };
    let reason: Reason = "new_extreme";
    let most = this.#beyondRange(value);
    const frozen = this.#frozen();
    if (frozen > most) [reason, most] = ["frozen", frozen];
    for (const name of SIZED) {
      const surprise = this.#tails[name].surprise(sizes[name]) - (name === "jump" ? WEAK : 0);
      if (surprise > most) [reason, most] = [name, surprise];
    }
    const spread = 0.5 * Math.log10(now.intervalMs / REFERENCE_MS);
    const surprise = Math.max(0, Math.min(most + spread, 2 * Math.log10(now.rows) - UNSURE) - QUESTIONS - many);
    const counts = surprise > now.peak + (now.peak > 0 ? ESCALATION : 0);
    now.peak = Math.max(now.peak - FADE * Math.max(1, now.peak / FADE_FAST_ABOVE), surprise, 0);
    const unusual = scoreOf(surprise);
    const score = counts ? unusual : scoreOf(WITHIN_EPISODE * surprise);
    return surprise > 0 ? { score, unusual, reason } : { score, unusual };
  }

  #beyondRange(value: number): number {
    const { low, high, rows } = this.#now;
    const beyond = value > high ? value - high : low - value;
    if (beyond <= 0) return 0;
    const share = high > low ? Math.min(1, beyond / (RANGE_TOLERANCE * (high - low))) : 1;
    return share * Math.log10(rows);
  }

  #frozen(): number {
    const { run, runs, rows } = this.#now;
    if (run < FROZEN_ROWS || runs < KNOWN_RUNS) return 0;
    return Math.min(Math.log10(rows), this.#tails.frozen.surprise(run) + Math.log10(rows / runs)) - WEAK;
  }

  #keepRun(value: number): void {
    const now = this.#now;
    if (value === now.last) now.run += 1;
    else {
      if (now.run > 0) {
        this.#tails.frozen.add(now.run);
        now.runs += 1;
      }
      now.run = 0;
    }
  }

  /** Follows the median time between rows in small relative steps; single gaps hardly move it. */
  #keepInterval(at: number): void {
    const now = this.#now;
    const interval = Math.max(1, at - now.at);
    const step = Math.exp(Math.max(0.01, 1 / now.rows));
    if (now.rows === 2) now.intervalMs = interval;
    else if (interval > now.intervalMs) now.intervalMs = Math.min(interval, now.intervalMs * step);
    else now.intervalMs = Math.max(interval, now.intervalMs / step);
    now.at = at;
  }

  #learn(at: number, value: number, sizes: Record<Sized, number>): void {
    const now = this.#now;
    this.#waiting.push(sizes);
    const due = this.#waiting.length > LAG_ROWS ? this.#waiting.shift() : undefined;
    if (due) for (const name of SIZED) this.#tails[name].add(due[name]);
    now.level += LEVEL_RATE * (value - now.level);
    now.slow += SLOW_RATE * (value - now.slow);
    now.low = Math.min(now.low, value);
    now.high = Math.max(now.high, value);
    now.last = value;
    this.#rhythm.learn(at, value);
  }

  /** What never was negative is not expected to become so. */
  #low(bound: number): number {
    return this.#now.low >= 0 ? Math.max(0, bound) : bound;
  }
}

const NOTHING: Figures = {
  rows: 0,
  at: 0,
  intervalMs: REFERENCE_MS,
  last: 0,
  level: 0,
  slow: 0,
  low: 0,
  high: 0,
  misfit: 0,
  shift: 0,
  run: 0,
  runs: 0,
  peak: 0,
};
const FIGURES = Object.keys(NOTHING) as (keyof Figures)[];

/** From surprise to 0..1, by equal steps towards 1: each 6.3 more is a tenth of what was missing. */
function scoreOf(surprise: number): number {
  return 1 - 0.2 ** (surprise / SURPRISE_OF_08);
}
