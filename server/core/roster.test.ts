import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Roster, type Place } from "#server/core/roster.ts";

const itemsOf = (roster: Roster<number>): number[] => {
  const items: number[] = [];
  roster.forEach((item) => items.push(item));
  return items.toSorted((one, other) => one - other);
};

describe("a roster", () => {
  it("holds what a set would hold, whatever comes and goes in whatever order", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(12))), (steps) => {
        const roster = new Roster<number>();
        const model = new Set<number>();
        const places: Place<number>[] = [];
        steps.forEach(([comes, which], turn) => {
          if (comes) {
            places.push(roster.add(turn));
            model.add(turn);
            return;
          }
          const place = places[which];
          if (place !== undefined) {
            expect(roster.delete(place)).toBe(model.delete(place.item));
          }
        });
        expect(itemsOf(roster)).toEqual([...model]);
      }),
    );
  });

  it("leaves out what goes or comes while it is walked", () => {
    const roster = new Roster<string>();
    const first = roster.add("first");
    const second = roster.add("second");
    const seen: string[] = [];
    roster.forEach((item) => {
      seen.push(item);
      roster.delete(first);
      roster.delete(second);
      roster.add("late");
    });
    expect(seen).toEqual(["first"]);
    roster.forEach((item) => seen.push(item));
    expect(seen).toEqual(["first", "late"]);
  });
});
