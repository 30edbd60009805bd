/** 200 kills with SIGKILL of server, sealer and database at random moments under load; prints one JSON line per kill and one of the whole. */
import { seededRandom } from "../tests/support/seeded-random.ts";
import { runKillTrial } from "../tests/support/kill-trial.ts";

const KILLS = 200;
const LONGEST_MS = 800;

const seed = Date.now() % 2 ** 32;
const outcomes = await runKillTrial({
  kills: KILLS,
  longestMs: LONGEST_MS,
  random: seededRandom(seed),
  onKill: (outcome, index) => console.log(JSON.stringify({ kill: index + 1, ...outcome })),
});
const bad = outcomes.filter(({ lost, verdict }) => lost.length > 0 || verdict !== "sound");
console.log(
  JSON.stringify({
    id: "kills",
    seed,
    kills: KILLS,
    answered: outcomes.at(-1)?.acknowledged,
    lostRecords: outcomes.at(-1)?.lost.length,
    unsound: bad.length,
  }),
);
process.exitCode = bad.length > 0 ? 1 : 0;
