import { describe, expect, it } from "vitest";
import { replay } from "../../tests/support/attack-replay.ts";
import { MetricWatch, stepMs, type Change, type Measured } from "#server/anomalies/watch.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 2, 2);

/** The watch after two weeks of `normal`, then `after`, a look every five minutes. */
function watched(
  normal: (look: number) => Measured,
  after: readonly Measured[],
): { changes: Change[]; watch: MetricWatch } {
  const watch = new MetricWatch({ windowMs: HOUR, threshold: 0.8 });
  const changes: Change[] = [];
  for (let look = 0; look < 4032 + after.length; look += 1) {
    const measured = after[look - 4032] ?? normal(look);
    changes.push(...watch.look(START + look * 5 * MINUTE, measured));
  }
  return { changes, watch };
}

const measured = (subjects: Record<string, number>): Measured => ({
  total: Object.values(subjects).reduce((sum, value) => sum + value, 0),
  subjects: new Map(Object.entries(subjects)),
});
const quiet = (look: number): Measured => measured({ "user:ada": 5 + (look % 3), "user:bob": 3 + (look % 2) });

describe("MON-1 the watch over a metric", () => {
  it.each([1, 2, 3])(
    "MON-1 attack replay, seed %i: every attack is found within two windows, at most one false alert per week",
    (seed) => {
      const { detectedAfter, falseAlerts, weeks } = replay(seed);
      for (const minutes of Object.values(detectedAfter)) {
        expect(minutes).not.toBeNull();
        expect(minutes).toBeLessThanOrEqual(120);
      }
      expect(falseAlerts.length / weeks).toBeLessThanOrEqual(1);
    },
    180_000,
  );

  it("MON-1 somebody never seen before is named, once, though the whole is unusual too", () => {
    const attack = Array.from({ length: 12 }, () => measured({ "user:ada": 5, "user:eve": 400 }));
    const { changes } = watched(quiet, attack);
    const began = changes.filter(({ kind }) => kind === "began");
    expect(began.map(({ episode }) => episode.subject)).toEqual(["user:eve"]);
    expect(began[0]?.episode).toMatchObject({ value: 400, startedAt: START + 4032 * 5 * MINUTE });
  });

  it("MON-1 an episode ends when its value is back within what was expected, and after a day at the latest", () => {
    const back = [...Array.from({ length: 6 }, () => measured({ "user:eve": 400 })), quiet(0), quiet(1)];
    expect(watched(quiet, back).changes.at(-1)).toMatchObject({
      kind: "ended",
      episode: { subject: "user:eve", peak: 400 },
    });
    const days = Array.from({ length: 2 * 288 }, () => measured({ "user:eve": 400 }));
    const { changes } = watched(quiet, days);
    const begins = START + 4032 * 5 * MINUTE;
    expect(changes.find(({ kind }) => kind === "ended")?.episode).toMatchObject({
      startedAt: begins,
      lastAt: begins + 24 * HOUR - 5 * MINUTE,
    });
  });

  it("MON-1 silence is no alert", () => {
    const { changes } = watched(
      quiet,
      Array.from({ length: 100 }, () => measured({})),
    );
    expect(changes).toEqual([]);
  });

  it("MON-1 keeps a bounded number of series however many subjects come", () => {
    const crowd = Array.from({ length: 60 }, (_, look) =>
      measured(Object.fromEntries(Array.from({ length: 300 }, (_each, index) => [`address:10.${look}.0.${index}`, 1]))),
    );
    const { watch } = watched(quiet, crowd);
    expect(watch.series.size).toBeLessThanOrEqual(23);
  });

  it("MON-1 looks twelve times within a window, in whole buckets", () => {
    expect([
      stepMs(HOUR, MINUTE),
      stepMs(MINUTE, MINUTE),
      stepMs(24 * HOUR, HOUR),
      stepMs(90 * MINUTE, MINUTE),
    ]).toEqual([5 * MINUTE, MINUTE, 2 * HOUR, 7 * MINUTE]);
  });
});
