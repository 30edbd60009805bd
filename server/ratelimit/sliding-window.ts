/**
 * An exact sliding-window log: never more than `max` entries in ANY interval of `windowMs`, not only in aligned ones.
 * One timestamp per counted request, oldest first; memory is bounded by `max` entries.
 */
export class SlidingWindow {
  /** May change with the configuration: entries are kept and measured by the new length. */
  windowMs: number;
  #times: number[] = [];
  #head = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  /** Entries inside the window that ends at `now` (half-open: an entry exactly `windowMs` old has left). */
  count(now: number): number {
    this.#expire(now);
    return this.#times.length - this.#head;
  }

  add(now: number): void {
    this.#times.push(now);
  }

  /** Takes back one entry made at `time`, if it is still inside. */
  remove(time: number): void {
    const index = this.#times.lastIndexOf(time);
    if (index >= this.#head) {
      this.#times.splice(index, 1);
    }
  }

  /** Milliseconds from `now` until fewer than `max` entries are inside. */
  waitFor(max: number, now: number): number {
    const inside = this.count(now);
    if (inside < max) {
      return 0;
    }
    const leaving = this.#times[this.#head + (inside - max)];
    return leaving === undefined ? this.windowMs : Math.max(1, leaving + this.windowMs - now);
  }

  #expire(now: number): void {
    const edge = now - this.windowMs;
    let time = this.#times[this.#head];
    while (time !== undefined && time <= edge) {
      this.#head += 1;
      time = this.#times[this.#head];
    }
    if (this.#head > 64 && this.#head * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#head);
      this.#head = 0;
    }
  }
}
