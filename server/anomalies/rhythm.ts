/** What is usual at this time of day and at this hour of the week: two small tables of decaying means, in UTC. */

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const DAY_SLOTS = 96;
const WEEK_SLOTS = 168;
/** How far a slot moves towards a value. */
const DAY_RATE = 0.1;
const WEEK_RATE = 0.2;
/** What recurs does so with some delay: a slot's neighbours count as the same time of day. */
const NEIGHBOURS = [-1, 0, 1];

/** Means per slot; `null` where no value came yet. */
export interface RhythmState {
  day: (number | null)[];
  week: (number | null)[];
}

export class Rhythm {
  readonly #day: (number | null)[];
  readonly #week: (number | null)[];

  constructor(state?: RhythmState) {
    this.#day = state ? [...state.day] : new Array<number | null>(DAY_SLOTS).fill(null);
    this.#week = state ? [...state.week] : new Array<number | null>(WEEK_SLOTS).fill(null);
  }

  /** Calls back with what is usual at a moment (milliseconds since 1970), up to four values. */
  usual(at: number, visit: (mean: number) => void): void {
    const slot = daySlot(at);
    for (const step of NEIGHBOURS) {
      const mean = this.#day[(slot + step + DAY_SLOTS) % DAY_SLOTS];
      if (typeof mean === "number") visit(mean);
    }
    const mean = this.#week[weekSlot(at)];
    if (typeof mean === "number") visit(mean);
  }

  learn(at: number, value: number): void {
    move(this.#day, daySlot(at), value, DAY_RATE);
    move(this.#week, weekSlot(at), value, WEEK_RATE);
  }

  state(): RhythmState {
    return { day: [...this.#day], week: [...this.#week] };
  }
}

function move(means: (number | null)[], slot: number, value: number, rate: number): void {
  const mean = means[slot];
  means[slot] = typeof mean === "number" ? mean + rate * (value - mean) : value;
}

/** Remainder that is never negative, for moments before 1970 too. */
function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

function daySlot(at: number): number {
  return Math.floor((modulo(at, DAY_MS) / DAY_MS) * DAY_SLOTS);
}

function weekSlot(at: number): number {
  return Math.floor(modulo(at, WEEK_SLOTS * HOUR_MS) / HOUR_MS);
}
