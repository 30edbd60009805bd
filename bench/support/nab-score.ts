/**
 * Scoring of the Numenta Anomaly Benchmark: Lavin & Ahmad, "Evaluating Real-time Anomaly Detection Algorithms" (ICMLA 2015), and the
 * corpus's own README for the details. Pure: series, labelled windows and scores go in, figures come out.
 */

/** What a right or wrong answer is worth. `tn` is part of the published files but earns nothing there either. */
export interface Profile {
  truePositive: number;
  falseNegative: number;
  falsePositive: number;
}

/** One file: the detector's score per row and the labelled windows as row numbers, both ends included. */
export interface ScoredSeries {
  scores: readonly number[];
  windows: readonly (readonly [first: number, last: number])[];
}

const FAR_AWAY = 3;
const PROBATION_SHARE = 0.15;
const PROBATION_ROWS = 750;

/** How many first rows carry no score. */
export function probationRows(rows: number): number {
  return Math.min(Math.floor(PROBATION_SHARE * rows), PROBATION_ROWS);
}

/** The scaled sigmoid of a position relative to a window: −1 its beginning, 0 its end, beyond 3 far away. Between 1 and −1. */
export function scaledSigmoid(position: number): number {
  return position > FAR_AWAY ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

/** One row that may be reported: its score, what reporting it is worth, and the window it lies in (absent = a false positive). */
interface Point {
  score: number;
  worth: number;
  window?: string;
}

/** Every row after the probation with its worth under a profile. Windows are named after file and number. */
function pointsOf(series: ScoredSeries, profile: Profile, file: number): Point[] {
  const points: Point[] = [];
  const best = scaledSigmoid(-1);
  let next = 0;
  let past: readonly [number, number] | undefined;
  const probation = probationRows(series.scores.length);
  series.scores.forEach((score, row) => {
    let window = series.windows[next];
    if (window && row > window[1]) {
      past = window;
      next += 1;
      window = series.windows[next];
    }
    if (row < probation) return;
    if (window && row >= window[0]) {
      const position = -(window[1] - row + 1) / (window[1] - window[0] + 1);
      const worth = (scaledSigmoid(position) * profile.truePositive) / best;
      points.push({ score, worth, window: `${file}/${next}` });
    } else {
      const worth = past ? scaledSigmoid((row - past[1]) / (past[1] - past[0])) : -1;
      points.push({ score, worth: worth * profile.falsePositive });
    }
  });
  return points;
}

/** Windows a detector could find at all: those that do not end within the probation. */
function countWindows(series: readonly ScoredSeries[]): number {
  return series.reduce(
    (sum, { scores, windows }) => sum + windows.filter(([, last]) => last >= probationRows(scores.length)).length,
    0,
  );
}

/** Raw score per candidate threshold, highest threshold first; a row is reported when its score is ≥ the threshold. */
function* sweep(points: Point[], windows: number, profile: Profile): Generator<{ threshold: number; raw: number }> {
  points.sort((one, other) => other.score - one.score);
  const found = new Map<string, number>();
  let raw = -windows * profile.falseNegative;
  yield { threshold: Infinity, raw };
  for (let index = 0; index < points.length; index += 1) {
    const point = points[index];
    if (!point) break;
    if (point.window === undefined) raw += point.worth;
    else {
      const before = found.get(point.window) ?? -profile.falseNegative;
      const after = Math.max(before, point.worth);
      found.set(point.window, after);
      raw += after - before;
    }
    if (points[index + 1]?.score !== point.score) yield { threshold: point.score, raw };
  }
}

/** A normalised figure: 0 = reports nothing, 100 = every window at its first row and nothing else. */
function normalise(raw: number, windows: number, profile: Profile): number {
  const nothing = -windows * profile.falseNegative;
  const perfect = windows * profile.truePositive;
  return (100 * (raw - nothing)) / (perfect - nothing);
}

/**
 * The figure of one threshold over all files.
 *
 * @returns NaN when there is no window
 */
export function scoreAt(series: readonly ScoredSeries[], profile: Profile, threshold: number): number {
  const windows = countWindows(series);
  const points = series.flatMap((one, file) => pointsOf(one, profile, file));
  const reported = points.filter(({ score }) => score >= threshold);
  let raw = -windows * profile.falseNegative;
  for (const each of sweep(reported, windows, profile)) raw = each.raw;
  return normalise(raw, windows, profile);
}

/** Reported rows after the probation that lie outside every window. */
export function countFalseAlarms({ scores, windows }: ScoredSeries, threshold: number): number {
  const probation = probationRows(scores.length);
  return scores.filter(
    (score, row) =>
      row >= probation && score >= threshold && !windows.some(([first, last]) => row >= first && row <= last),
  ).length;
}

/** The one threshold that serves all files best, and its figure: what the benchmark's own optimiser looks for. */
export function bestThreshold(series: readonly ScoredSeries[], profile: Profile): { threshold: number; score: number } {
  const windows = countWindows(series);
  const points = series.flatMap((one, file) => pointsOf(one, profile, file));
  let best = { threshold: Infinity, raw: -Infinity };
  for (const each of sweep(points, windows, profile)) if (each.raw > best.raw) best = each;
  return { threshold: best.threshold, score: normalise(best.raw, windows, profile) };
}
