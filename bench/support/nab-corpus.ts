/** Reads the Numenta Anomaly Benchmark's files from a folder: `data/<category>/*.csv`, `windows.json`, `profiles.json`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Profile } from "./nab-score.ts";

export interface CorpusFile {
  category: string;
  name: string;
  rows: { at: number; value: number }[];
  windows: [first: number, last: number][];
}

const Windows = z.record(z.string(), z.array(z.tuple([z.string(), z.string()])));
const Profiles = z.record(
  z.string(),
  z.object({ CostMatrix: z.object({ tpWeight: z.number(), fnWeight: z.number(), fpWeight: z.number() }) }),
);

/** The labels are cut to the files' own resolution: `2014-04-10 07:15:00.000000` names the row `2014-04-10 07:15:00`. */
const moment = (text: string): number => Date.parse(`${text.slice(0, 19).replace(" ", "T")}Z`);

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Every file of the corpus with its labelled windows as row numbers. */
export function readCorpus(folder: string): CorpusFile[] {
  const labels = Windows.parse(readJson(join(folder, "windows.json")));
  return readdirSync(join(folder, "data"))
    .sort()
    .flatMap((category) =>
      readdirSync(join(folder, "data", category))
        .sort()
        .map((name) => {
          const lines = readFileSync(join(folder, "data", category, name), "utf8")
            .trim()
            .split(/\r?\n/)
            .slice(1);
          const rows = lines.map((line) => {
            const [at = "", value = ""] = line.split(",");
            return { at: moment(at), value: Number(value) };
          });
          const windows = (labels[`${category}/${name}`] ?? []).map(([from, to]): [number, number] => {
            const first = rows.findIndex(({ at }) => at >= moment(from));
            const last = rows.findLastIndex(({ at }) => at <= moment(to));
            return [first, last];
          });
          return { category, name, rows, windows };
        }),
    );
}

/** The scoring profiles by name. */
export function readProfiles(folder: string): Record<string, Profile> {
  return Object.fromEntries(
    Object.entries(Profiles.parse(readJson(join(folder, "profiles.json")))).map(([name, { CostMatrix: cost }]) => [
      name,
      { truePositive: cost.tpWeight, falseNegative: cost.fnWeight, falsePositive: cost.fpWeight },
    ]),
  );
}
