/** The windowed Gaussian of the Numenta Anomaly Benchmark: how far into the tail of a normal distribution over the last rows a value lies. */

const WINDOW_ROWS = 6_400;
const STEP_ROWS = 100;

/** A detector for one series, scores 0..1. */
export function windowedGaussian(): (at: number, value: number) => number {
  let window: number[] = [];
  let waiting: number[] = [];
  let mean = 0;
  let deviation = 1;
  const learn = (): void => {
    mean = window.reduce((sum, each) => sum + each, 0) / window.length;
    const variance = window.reduce((sum, each) => sum + (each - mean) ** 2, 0) / window.length;
    deviation = Math.sqrt(variance === 0 ? 0.000001 : variance);
  };
  return (_at, value) => {
    const score = window.length > 0 ? 1 - upperTail(Math.abs(value - mean) / deviation) : 0;
    if (window.length < WINDOW_ROWS) {
      window.push(value);
      learn();
    } else {
      waiting.push(value);
      if (waiting.length === STEP_ROWS) {
        window = window.slice(STEP_ROWS).concat(waiting);
        waiting = [];
        learn();
      }
    }
    return score;
  };
}

/** Probability that a standard normal variable exceeds `z` ≥ 0: half the complementary error function (Numerical Recipes, `erfcc`). */
function upperTail(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.5 * x);
  const terms = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
    -1.26551223,
  ];
  const polynomial = terms.reduce((sum, term) => sum * t + term, 0);
  return (t * Math.exp(-x * x + polynomial)) / 2;
}
