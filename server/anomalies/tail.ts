/**
 * How rare a magnitude is, learnt as the numbers pass: a decaying histogram over logarithmic bins, and beyond the largest it has seen a
 * generalised Pareto tail over the largest of them, by the method of moments (Hosking & Wallis 1987), never lighter than exponential. Scoring
 * streams by extreme values: Siffer et al. 2017, "Anomaly detection in streams with extreme value theory". Constant memory, no assumption
 * about unit or scale.
 */

const BINS_PER_OCTAVE = 6;
/** Magnitudes from 2^−40 to 2^60; what is smaller counts as zero, what is larger as the largest. */
const LOWEST_OCTAVE = -40;
const BINS = 600;
/** Above this share of ordinary magnitudes nothing is surprising. */
const ORDINARY_SHARE = 0.3;
/** So many exceedances are counted exactly; with fewer the fitted tail speaks. */
const COUNTED = 3;
/** The largest magnitudes that shape the fitted tail: a share of all, at most so many. */
const TAIL_SHARE = 0.05;
const TAIL_LARGEST = 100;
/** Below this the tail is taken for exponential. */
const SMALLEST_SHAPE = 0.001;
/** With few exceedances a long tail is assumed: as if so many of this mean excess (in units of the threshold) had been seen before. */
const PRIOR_COUNT = 1;
const PRIOR_EXCESS = 1;
/** Weights grow instead of the past decaying; beyond this everything is divided once. */
const RESCALE_AT = 1e100;

/** The histogram as stored: total weight and `[bin, weight]` pairs. */
export interface TailState {
  total: number;
  bins: [bin: number, weight: number][];
}

export class Tail {
  readonly #bins = new Float64Array(BINS);
  readonly #growth: number;
  #weight = 1;
  #total = 0;
  #top = 0;

  /** @param memory - how many magnitudes ago one counts only 1/e */
  constructor(memory: number, state?: TailState) {
    this.#growth = 1 + 1 / memory;
    if (!state) return;
    this.#total = state.total;
    for (const [bin, weight] of state.bins) {
      this.#bins[bin] = weight;
      this.#top = Math.max(this.#top, bin);
    }
  }

  /** Learns a magnitude (≥ 0). */
  add(magnitude: number): void {
    this.#weight *= this.#growth;
    const bin = binOf(magnitude);
    this.#bins[bin] = this.#at(bin) + this.#weight;
    this.#total += this.#weight;
    this.#top = Math.max(this.#top, bin);
    if (this.#weight > RESCALE_AT) this.#rescale();
  }

  /**
   * Minus the decimal logarithm of how often a magnitude at least this large comes: 3 = once in a thousand.
   *
   * @returns 0 for what is ordinary or nothing is known about
   */
  surprise(magnitude: number): number {
    const bin = binOf(magnitude);
    if (bin === 0 || this.#total === 0) return 0;
    const known = this.#total / this.#weight;
    const ordinary = this.#total * ORDINARY_SHARE;
    let above = 0;
    for (let each = this.#top; each >= bin; each -= 1) {
      above += this.#at(each);
      if (above > ordinary) return 0;
    }
    above /= this.#weight;
    const counted = Math.log10((known + 1) / (above + 1));
    return above >= COUNTED ? counted : Math.max(counted, this.#extrapolated(bin, known));
  }

  /** The magnitude that all but this share of what was seen stays below; the upper end of its bin. */
  quantile(share: number): number {
    const wanted = this.#total * share;
    let above = 0;
    let bin = this.#top;
    while (bin > 0) {
      above += this.#at(bin);
      if (above >= wanted) break;
      bin -= 1;
    }
    return bin === 0 ? 0 : 2 ** ((bin + 0.5) / BINS_PER_OCTAVE + LOWEST_OCTAVE);
  }

  state(): TailState {
    const bins: [number, number][] = [];
    this.#bins.forEach((weight, bin) => {
      if (weight > 0) bins.push([bin, weight / this.#weight]);
    });
    return { total: this.#total / this.#weight, bins };
  }

  #at(bin: number): number {
    return this.#bins[bin] ?? 0;
  }

  #extrapolated(bin: number, known: number): number {
    const wanted = Math.max(COUNTED, Math.min(TAIL_SHARE * known, TAIL_LARGEST));
    let count = 0;
    let from = this.#top;
    for (let each = this.#top; each > 0 && count < wanted; each -= 1) {
      const weight = this.#at(each) / this.#weight;
      if (weight === 0) continue;
      count += weight;
      from = each;
    }
    if (count === 0) return 0;
    // Excesses in units of the magnitude they exceed, so that no scale can overflow.
    let sum = PRIOR_COUNT * PRIOR_EXCESS;
    let squares = 2 * PRIOR_COUNT * PRIOR_EXCESS ** 2;
    for (let each = from; each <= this.#top; each += 1) {
      const weight = this.#at(each) / this.#weight;
      const excess = 2 ** ((each - from + 0.5) / BINS_PER_OCTAVE) - 1;
      sum += weight * excess;
      squares += weight * excess ** 2;
    }
    const mean = sum / (count + PRIOR_COUNT);
    const variance = Math.max(squares / (count + PRIOR_COUNT) - mean ** 2, mean ** 2);
    const shape = (1 - mean ** 2 / variance) / 2;
    const scale = (mean * (mean ** 2 / variance + 1)) / 2;
    const excess = 2 ** ((bin - from) / BINS_PER_OCTAVE) - 1;
    const beyond = shape < SMALLEST_SHAPE ? excess / scale : Math.log1p((shape * excess) / scale) / shape;
    return Math.log10((known + 1) / (count + 1)) + beyond / Math.LN10;
  }

  #rescale(): void {
    this.#bins.forEach((weight, bin) => {
      this.#bins[bin] = weight / this.#weight;
    });
    this.#total /= this.#weight;
    this.#weight = 1;
  }
}

function binOf(magnitude: number): number {
  if (magnitude <= 0) return 0;
  const bin = Math.round((Math.log2(magnitude) - LOWEST_OCTAVE) * BINS_PER_OCTAVE);
  return Math.max(0, Math.min(BINS - 1, bin));
}
