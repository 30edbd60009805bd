/** AUD-11 with a few kills; `npm run bench -- kills` makes 200. */
import { describe, expect, it } from "vitest";
import { seededRandom } from "./support/seeded-random.ts";
import { runKillTrial } from "./support/kill-trial.ts";

const KILLS = 15;
const MINUTE = 60_000;

describe("AUD-11 AUD-4 kill -9 at random moments under load", () => {
  it(
    "loses no record of anything that was answered, and leaves a chain that verifies, each time",
    async () => {
      const outcomes = await runKillTrial({ kills: KILLS, longestMs: 600, random: seededRandom(20_261_125) });
      expect(outcomes.filter(({ lost, verdict }) => lost.length > 0 || verdict !== "sound")).toEqual([]);
      expect(outcomes).toHaveLength(KILLS + 1);
      expect(new Set(outcomes.map(({ victim }) => victim))).toEqual(new Set(["server", "sealer", "postgres"]));
      expect(outcomes.at(-1)?.acknowledged).toBeGreaterThan(KILLS * 10);
    },
    5 * MINUTE,
  );
});
