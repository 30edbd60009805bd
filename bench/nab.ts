/**
 * P-ANO-1: the detector on the Numenta Anomaly Benchmark. `npm run bench -- nab ./path/to/nab` (a folder with `data/<category>/*.csv`,
 * `windows.json` and `profiles.json`; see https://github.com/numenta/NAB). Prints per profile one JSON line over all files and one per
 * category: with the one threshold that serves all files, as the benchmark prescribes, and with the one found on the other categories alone.
 * Beside it the windowed Gaussian, whose published figure (whole corpus, standard profile) is 39.6, shows that the scoring is sane.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readCorpus, readProfiles, type CorpusFile } from "./support/nab-corpus.ts";
import { bestThreshold, countFalseAlarms, scoreAt, type Profile, type ScoredSeries } from "./support/nab-score.ts";
import { windowedGaussian } from "./support/windowed-gaussian.ts";
import { Detector } from "#server/anomalies/detector.ts";

interface Scored extends ScoredSeries {
  category: string;
}

type Score = (at: number, value: number) => number;

function main(): void {
  const [folder] = process.argv.slice(2);
  if (folder === undefined || !existsSync(join(folder, "windows.json"))) {
    print({ id: "P-ANO-1", skipped: "Name the folder with the benchmark's data: npm run bench -- nab ./path/to/nab" });
    return;
  }
  const corpus = readCorpus(folder);
  const profiles = readProfiles(folder);
  const rows = corpus.reduce((sum, file) => sum + file.rows.length, 0);
  const began = performance.now();
  const scored = scoreAll(corpus, newScore);
  const rowsPerSecond = Math.round((1000 * rows) / (performance.now() - began));
  print({ id: "P-ANO-1", figure: "speed", files: corpus.length, rows, rowsPerSecond });
  for (const [name, profile] of Object.entries(profiles)) report("openclaw", scored, name, profile);
  const { standard } = profiles;
  if (standard) report("windowed Gaussian (published: 39.6)", scoreAll(corpus, windowedGaussian), "standard", standard);
}

function newScore(): Score {
  const detector = new Detector();
  return (at, value) => detector.step(at, value).score;
}

function scoreAll(corpus: readonly CorpusFile[], make: () => Score): Scored[] {
  return corpus.map(({ category, rows, windows }) => {
    const score = make();
    return { category, windows, scores: rows.map(({ at, value }) => score(at, value)) };
  });
}

function report(detector: string, scored: readonly Scored[], profileName: string, profile: Profile): void {
  const best = bestThreshold(scored, profile);
  const common = { id: "P-ANO-1", detector, profile: profileName };
  print({
    ...common,
    category: "all",
    score: rounded(best.score),
    threshold: rounded(best.threshold, 4),
    goal: 74.9,
    floor: 58,
  });
  for (const category of new Set(scored.map((each) => each.category))) {
    const own = scored.filter((each) => each.category === category);
    const others = bestThreshold(
      scored.filter((each) => each.category !== category),
      profile,
    );
    const windows = own.reduce((sum, each) => sum + each.windows.length, 0);
    const falseAlarms = own.reduce((sum, each) => sum + countFalseAlarms(each, best.threshold), 0);
    const score = rounded(scoreAt(own, profile, best.threshold));
    const withThresholdOfOthers = rounded(scoreAt(own, profile, others.threshold));
    print({
      ...common,
      category,
      files: own.length,
      windows,
      falseAlarms,
      ...(windows > 0 && { score, withThresholdOfOthers }),
    });
  }
}

const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits));

function print(figure: object): void {
  console.log(JSON.stringify(figure));
}

main();
