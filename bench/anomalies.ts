/**
 * The attack replay: made-up traffic of a small team, attacks at known times, the watch as the server runs it. `npm run bench -- anomalies`.
 * Prints the generator's parameters, then per seed how long each attack took to find and the false alerts per week, one JSON line each.
 */
import { ATTACKS, replay, TRAFFIC } from "../tests/support/attack-replay.ts";

const SEEDS = [1, 2, 3, 101, 102, 103];

console.log(JSON.stringify({ id: "MON-1", figure: "parameters", traffic: TRAFFIC, attacks: ATTACKS }));
for (const seed of SEEDS) {
  const { detectedAfter, falseAlerts, weeks } = replay(seed);
  const found = Object.values(detectedAfter).filter((minutes) => minutes !== null).length;
  console.log(
    JSON.stringify({
      id: "MON-1",
      figure: "attack replay",
      seed,
      found: `${found}/${Object.keys(detectedAfter).length}`,
      minutesToDetect: detectedAfter,
      falseAlertsPerWeek: falseAlerts.length / weeks,
      goal: 1,
    }),
  );
}
