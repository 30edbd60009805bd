import fc from "fast-check";
import { expect, it } from "vitest";
import { createTally } from "#server/gateway/ws/limits.ts";

it("a tally holds exactly what was added and not given back, however often a place is given back", () => {
  const step = fc.record({ key: fc.constantFrom("a", "b", "c"), back: fc.nat({ max: 20 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const tally = createTally();
      const places: { key: string; held: boolean; release: () => void }[] = [];
      for (const { key, back } of steps) {
        places.push({ key, held: true, release: tally.add(key) });
        const place = places[back];
        if (place !== undefined) {
          place.release();
          place.held = false;
        }
        const held = places.filter((each) => each.held);
        expect(tally.total()).toBe(held.length);
        for (const name of ["a", "b", "c"]) {
          expect(tally.of(name)).toBe(held.filter((each) => each.key === name).length);
        }
      }
    }),
  );
});
