import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noticeOf, step, type Episode, type Signal, type Timing } from "#server/alerts/machine.ts";

const MINUTE = 60_000;
const timing = (over: Partial<Timing> = {}): Timing => ({ forMs: 0, keepFiringMs: 0, remindMs: null, ...over });

/** Plays signals a minute apart. @returns the states after each, `-` for none */
function play(signals: readonly Signal[], settings: Timing): string {
  let episode: Episode | null = null;
  return signals
    .map((signal, index) => {
      episode = step(episode, signal, settings, index * MINUTE);
      return episode?.state ?? "-";
    })
    .join(" ");
}

describe("MON-2 the life of an alert", () => {
  test.each<[string, Signal[], Partial<Timing>, string]>([
    ["fires at once without a wait", ["met"], {}, "firing"],
    ["waits as long as the rule says", ["met", "met", "met"], { forMs: 2 * MINUTE }, "pending pending firing"],
    ["comes to nothing when it is clear before", ["met", "clear", "met"], { forMs: 2 * MINUTE }, "pending - pending"],
    ["is resolved at once without damping", ["met", "clear"], {}, "firing resolved"],
    [
      "recovers first with damping, and goes on when it flaps",
      ["met", "clear", "met", "clear", "clear", "clear"],
      { keepFiringMs: 2 * MINUTE },
      "firing recovering firing recovering recovering resolved",
    ],
    ["changes nothing while nothing is known", ["met", "hold", "hold"], { forMs: MINUTE }, "pending pending pending"],
    ["holds what fires while nothing is known", ["met", "hold", "met"], {}, "firing firing firing"],
    ["ends when the rule is paused", ["met", "paused"], { keepFiringMs: MINUTE }, "firing resolved"],
    ["never begins while the rule is paused", ["paused", "paused"], {}, "- -"],
    ["drops what waits when the rule is paused", ["met", "paused"], { forMs: MINUTE }, "pending -"],
    ["stays resolved", ["met", "clear", "met"], {}, "firing resolved resolved"],
    ["begins with nothing when all is clear", ["clear", "hold"], {}, "- -"],
  ])("%s", (_, signals, over, states) => expect(play(signals, timing(over))).toBe(states));
});

const signal = fc.constantFrom<Signal>("met", "clear", "hold", "paused");
const anyTiming = fc.record({
  forMs: fc.integer({ min: 0, max: 10 * MINUTE }),
  keepFiringMs: fc.integer({ min: 0, max: 10 * MINUTE }),
  remindMs: fc.option(fc.integer({ min: MINUTE, max: 10 * MINUTE })),
});
const signals = fc.array(fc.tuple(signal, fc.integer({ min: 1, max: 5 * MINUTE })), { maxLength: 60 });

/** All episodes of a history, each with what it went through. */
function history(steps: readonly (readonly [Signal, number])[], settings: Timing): Episode[][] {
  const episodes: Episode[][] = [];
  let [episode, now]: [Episode | null, number] = [null, 0];
  for (const [given, ms] of steps) {
    now += ms;
    const before: Episode | null = episode?.state === "resolved" ? null : episode;
    episode = step(before, given, settings, now);
    if (episode !== null) {
      if (before === null) {
        episodes.push([]);
      }
      episodes.at(-1)?.push(episode);
    }
  }
  return episodes;
}

test("MON-2 property: nothing fires before its condition has held for as long as the rule says", () => {
  fc.assert(
    fc.property(signals, anyTiming, (steps, settings) => {
      for (const { firedAt, startedAt } of history(steps, settings).flat()) {
        expect(firedAt === null || firedAt - startedAt >= settings.forMs).toBe(true);
      }
    }),
  );
});

test("MON-2 property: nothing is resolved before it was clear for as long as the rule says, unless the rule is paused", () => {
  fc.assert(
    fc.property(signals, anyTiming, (steps, settings) => {
      const unpaused = steps.filter(([given]) => given !== "paused");
      for (const { resolvedAt, clearSince } of history(unpaused, settings).flat()) {
        expect(resolvedAt === null || resolvedAt - (clearSince ?? Number.NaN) >= settings.keepFiringMs).toBe(true);
      }
    }),
  );
});

test("MON-2 property: an episode is told of at most once as fired and once as resolved, and never resolved alone", () => {
  fc.assert(
    fc.property(signals, anyTiming, fc.array(fc.boolean()), (steps, settings, silences) => {
      let [episode, now, told]: [Episode | null, number, string[]] = [null, 0, []];
      steps.forEach(([given, ms], index) => {
        now += ms;
        const before: Episode | null = episode?.state === "resolved" ? null : episode;
        told = before === null ? [] : told;
        episode = step(before, given, settings, now);
        const notice =
          episode === null
            ? null
            : noticeOf(episode, { remindMs: settings.remindMs, silenced: silences[index] === true, now });
        if (episode !== null && (notice === "fired" || notice === "reminded")) {
          episode = { ...episode, notifiedAt: now };
        }
        if (notice !== null) {
          told.push(notice);
        }
        expect(told.filter((kind) => kind === "fired").length).toBeLessThanOrEqual(1);
        expect(told.filter((kind) => kind === "resolved").length).toBeLessThanOrEqual(1);
        expect(told.length === 0 || told[0] === "fired").toBe(true);
      });
    }),
  );
});

describe("MON-2 what is told", () => {
  const firing: Episode = {
    state: "firing",
    startedAt: 0,
    firedAt: 0,
    clearSince: null,
    resolvedAt: null,
    notifiedAt: null,
    flaps: 0,
    acknowledged: false,
  };
  const told = (over: Partial<Episode>, facts: Partial<Parameters<typeof noticeOf>[1]> = {}) =>
    noticeOf({ ...firing, ...over }, { remindMs: null, silenced: false, now: 10 * MINUTE, ...facts });

  test("a beginning, once", () => {
    expect(told({})).toBe("fired");
    expect(told({ notifiedAt: 1 })).toBeNull();
  });
  test("nothing while it is silenced, and the beginning when the silence is over", () => {
    expect(told({}, { silenced: true })).toBeNull();
    expect(told({}, { silenced: false })).toBe("fired");
  });
  test("a reminder after its time, until somebody takes it on", () => {
    expect(told({ notifiedAt: 5 * MINUTE }, { remindMs: 5 * MINUTE })).toBe("reminded");
    expect(told({ notifiedAt: 6 * MINUTE }, { remindMs: 5 * MINUTE })).toBeNull();
    expect(told({ notifiedAt: 1, acknowledged: true }, { remindMs: MINUTE })).toBeNull();
  });
  test("the end, to whoever was told of the beginning, silenced or not", () => {
    expect(told({ state: "resolved", notifiedAt: 1 }, { silenced: true })).toBe("resolved");
    expect(told({ state: "resolved" })).toBeNull();
  });
  test("nothing of what waits or recovers", () => {
    expect(told({ state: "pending", firedAt: null })).toBeNull();
    expect(told({ state: "recovering" })).toBeNull();
  });
});
