/**
 * Watches one metric: a detector for the whole, one for the largest subject of each kind (so that somebody never seen before is noticed too)
 * and one for each of the busiest subjects; and what counts as an episode. Pure: measurements and moments come in, changes go out.
 */
import { Detector, type DetectorState, type Verdict } from "#server/anomalies/detector.ts";
import type { Reason } from "#server/anomalies/policy.ts";

/** Subjects of a metric with a detector of their own. */
const MAX_SUBJECTS = 20;
/** A subject that was idle for so long gives its place to a busier one. */
const IDLE_MS = 86_400_000;
/** After so long an episode is the new normal. */
const LONGEST_MS = 86_400_000;
/** Looks within one window. */
const LOOKS_PER_WINDOW = 12;
/** How far beyond the expected range a value has to be for somebody to be told. */
const CLEARLY = 1.25;
/** And beyond what the largest of its kind comes to lately, for a subject. */
const BEYOND_OTHERS = 2.5;
/** Names the series of the largest subject of a kind. */
const LARGEST = "*";
export const TOTAL = "";

/** What a metric came to within the window before a moment. */
export interface Measured {
  total: number;
  /** By subject, `<kind>:<id>`; those that came to nothing may be left out. */
  subjects: ReadonlyMap<string, number>;
}

/** One series and its detector. */
export interface Series {
  detector: Detector;
  /** When something was measured last, milliseconds since 1970. */
  activeAt: number;
}

export interface Episode {
  subject: string;
  /** The subject that more than half of it came from, where it is about the whole. */
  leading: string | null;
  startedAt: number;
  lastAt: number;
  score: number;
  value: number;
  peak: number;
  expectedLow: number;
  expectedHigh: number;
  reason: Reason;
}

/** What became of an episode in one look. */
export interface Change {
  kind: "began" | "went_on" | "ended";
  episode: Episode;
}

interface WatchOptions {
  windowMs: number;
  /** Score from which on an episode begins. */
  threshold: number;
}

export class MetricWatch {
  readonly #options: WatchOptions;
  readonly series: Map<string, Series>;
  readonly #open: Map<string, Episode>;

  /** @param open - episodes that are not over, by subject */
  constructor(options: WatchOptions, series = new Map<string, Series>(), open = new Map<string, Episode>()) {
    this.#options = options;
    this.series = series;
    this.#open = open;
  }

  /**
   * Judges what was measured in the window that ends at `at`. Moments rise by {@link stepMs}.
   *
   * @param report - false only learns
   */
  look(at: number, measured: Measured, report = true): Change[] {
    this.#makeRoom(at, measured);
    const largest = largestOf(measured.subjects);
    const changes: Change[] = [];
    // A burst that is new for one subject is none while others of its kind have such bursts.
    const usual = new Map<string, number>();
    const among = this.series.size;
    for (const [name, series] of this.series) {
      const holder = name.endsWith(`:${LARGEST}`) ? largest.get(name) : undefined;
      const value = name === TOTAL ? measured.total : (holder?.value ?? measured.subjects.get(name) ?? 0);
      if (value > 0) series.activeAt = at;
      const verdict = series.detector.step(at, value, name === TOTAL ? 1 : among);
      const subject = holder?.subject ?? name;
      if (holder) usual.set(kindOf(name), verdict.commonHigh);
      const least = Math.max(CLEARLY * verdict.expectedHigh, BEYOND_OTHERS * (usual.get(kindOf(name)) ?? 0));
      if (report && verdict.unusual >= this.#options.threshold && value > least) {
        const change = this.#unusual(at, subject, value, verdict, measured);
        if (change) changes.push(change);
      }
    }
    return [...changes, ...this.#endings(at, measured)];
  }

  #unusual(at: number, subject: string, value: number, verdict: Verdict, measured: Measured): Change | undefined {
    const { unusual: score, expectedLow, expectedHigh, reason = "higher" } = verdict;
    const known = this.#open.get(subject);
    if (known) {
      known.score = Math.max(known.score, score);
      return undefined;
    }
    // What begins together is one matter: an attack shows in its address, its user and the whole.
    if ([...this.#open.values()].some(({ startedAt }) => at - startedAt <= this.#options.windowMs)) return undefined;
    const leading = subject === TOTAL ? leadingOf(measured) : null;
    const episode = {
      subject,
      leading,
      startedAt: at,
      lastAt: at,
      score,
      value,
      peak: value,
      expectedLow,
      expectedHigh,
      reason,
    };
    this.#open.set(subject, episode);
    return { kind: "began", episode };
  }

  #endings(at: number, measured: Measured): Change[] {
    return [...this.#open].flatMap(([subject, episode]): Change[] => {
      if (episode.startedAt === at) return [];
      const value = subject === TOTAL ? measured.total : (measured.subjects.get(subject) ?? 0);
      if (value <= episode.expectedHigh || at - episode.startedAt >= LONGEST_MS) {
        this.#open.delete(subject);
        return [{ kind: "ended", episode }];
      }
      episode.lastAt = at;
      episode.peak = Math.max(episode.peak, value);
      return [{ kind: "went_on", episode }];
    });
  }

  /** Gives the busiest subjects a series where there is room; the whole comes last, so that an episode names who it was where it can. */
  #makeRoom(at: number, { subjects }: Measured): void {
    const total = this.series.get(TOTAL) ?? { detector: new Detector(), activeAt: at };
    this.series.delete(TOTAL);
    const busiest = [...subjects].filter(([, value]) => value > 0).sort(([, one], [, other]) => other - one);
    for (const [subject] of busiest) {
      const largest = `${kindOf(subject)}:${LARGEST}`;
      if (!this.series.has(largest)) this.series.set(largest, { detector: new Detector(), activeAt: at });
    }
    for (const [subject] of busiest.slice(0, MAX_SUBJECTS)) {
      if (!this.series.has(subject) && this.#hasRoom(at))
        this.series.set(subject, { detector: new Detector(), activeAt: at });
    }
    this.series.set(TOTAL, total);
  }

  #hasRoom(at: number): boolean {
    const own = [...this.series].filter(([name]) => name !== TOTAL && !name.endsWith(`:${LARGEST}`));
    if (own.length < MAX_SUBJECTS) return true;
    const [idlest] = own.sort(([, one], [, other]) => one.activeAt - other.activeAt);
    return idlest !== undefined && at - idlest[1].activeAt > IDLE_MS && this.series.delete(idlest[0]);
  }
}

/** Time between looks: a twelfth of the window in whole buckets, at least one. */
export function stepMs(windowMs: number, bucketMs: number): number {
  return Math.max(1, Math.floor(windowMs / LOOKS_PER_WINDOW / bucketMs)) * bucketMs;
}

/** A series from its stored form. */
export function storedSeries(state: DetectorState, activeAt: number): Series {
  return { detector: new Detector(state), activeAt };
}

function kindOf(subject: string): string {
  return subject.slice(0, subject.indexOf(":"));
}

/** By the name of the series: the subject with the most of each kind. */
function largestOf(subjects: ReadonlyMap<string, number>): Map<string, { subject: string; value: number }> {
  const largest = new Map<string, { subject: string; value: number }>();
  for (const [subject, value] of subjects) {
    const name = `${kindOf(subject)}:${LARGEST}`;
    if (value > (largest.get(name)?.value ?? 0)) largest.set(name, { subject, value });
  }
  return largest;
}

function leadingOf({ total, subjects }: Measured): string | null {
  let most: { subject: string; value: number } | undefined;
  for (const [subject, value] of subjects) if (value > (most?.value ?? total / 2)) most = { subject, value };
  return most?.subject ?? null;
}
