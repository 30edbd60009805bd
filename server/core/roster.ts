/**
 * What comes and goes for as long as a process lives: calls under way, listeners, holders. A `Set` or the listeners of an `AbortSignal` would
 * do the same and keep garbage alive: V8 chains the tables that a Set has outgrown, with what was in them then, and a listener that is taken
 * off an `EventTarget` still points to the one put on after it. Once one of those is in the old space, every later one, and the whole
 * request behind it, waits there for the next full collection.
 */

/** Of one item in a roster. */
export interface Place<Item> {
  readonly item: Item;
  /** Index among the others; -1 = not there any more. */
  at: number;
}

export class Roster<Item> {
  readonly #places: Place<Item>[] = [];

  add(item: Item): Place<Item> {
    const place = { item, at: this.#places.length };
    this.#places.push(place);
    return place;
  }

  /** @returns whether it was still there. */
  delete(place: Place<Item>): boolean {
    const { at } = place;
    const last = this.#places.at(-1);
    if (at < 0 || last === undefined) {
      return false;
    }
    // The order is not kept.
    this.#places[at] = last;
    last.at = at;
    this.#places.pop();
    place.at = -1;
    return true;
  }

  /** Visits those that are there now; one that is deleted meanwhile and has not had its turn is left out, one that comes is too. */
  forEach(visit: (item: Item, place: Place<Item>) => void): void {
    for (const place of [...this.#places]) {
      if (place.at >= 0) {
        visit(place.item, place);
      }
    }
  }
}
