import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { registerMonitoring } from "./monitoring.ts";

let bench: CliBench;
let folder: string;
beforeAll(async () => {
  bench = await openCliBench(registerMonitoring);
  folder = mkdtempSync(join(tmpdir(), "openclaw-score-"));
});
afterAll(async () => {
  await bench.close();
  rmSync(folder, { recursive: true, force: true });
});

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
/** Two weeks of five-minute rows that wave by day, the last one far off. */
const spiked = (): string[] =>
  Array.from({ length: 4000 }, (_, row) => {
    const value = row === 3999 ? 900 : 100 + 50 * Math.sin((2 * Math.PI * row) / 288) + (row % 7);
    return `${new Date(Date.UTC(2026, 2, 2) + row * 300_000).toISOString()},${value.toFixed(2)}`;
  });

describe("MON-1 openclaw monitoring score", () => {
  it("MON-1 prints one row per row, with the highest score at the spike", async () => {
    const csv = file("spike.csv", `timestamp,value\n${spiked().join("\n")}\n`);
    const { out, exitCode } = await bench.run("monitoring", "score", "--csv", csv);
    const lines = out.join("\n").split("\n");
    expect([exitCode, lines.length, lines[0]]).toEqual([0, 4001, "timestamp,value,score"]);
    const scores = lines.slice(1).map((line) => Number(line.split(",")[2]));
    expect(scores.every((score) => score >= 0 && score <= 1)).toBe(true);
    expect(scores.at(-1)).toBe(Math.max(...scores));
    expect(scores.at(-1)).toBeGreaterThan(0.8);
    expect(lines[1]).toBe(`${spiked()[0]},0.000000`);
  });

  it("MON-1 reads a file without a header, and prints JSON lines", async () => {
    const { out } = await bench.run(
      "monitoring",
      "score",
      "--csv",
      file("bare.csv", "2026-03-01 00:00:00,1\n2026-03-01 00:05:00,2"),
      "--json",
    );
    expect(
      out
        .join("\n")
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { timestamp: "2026-03-01 00:00:00", value: 1, score: 0 },
      { timestamp: "2026-03-01 00:05:00", value: 2, score: 0 },
    ]);
  });

  it("MON-1 names file, line and field of a bad row with exit code 2, after the rows before it", async () => {
    const bad = file("bad.csv", "timestamp,value\n2026-03-01,1\n2026-03-02,many\n");
    const { out, err, exitCode } = await bench.run("monitoring", "score", "--csv", bad);
    expect([exitCode, err]).toEqual([2, [`${bad}: line 3, value: "many" is no finite number.`]]);
    expect(out.join("\n").split("\n")).toHaveLength(2);
    expect((await bench.run("monitoring", "score", "--csv", join(folder, "absent.csv"))).exitCode).toBe(3);
  });
});

describe("MON-1 openclaw monitoring anomalies and status", () => {
  it("MON-1 lists episodes, and says whether anybody looks", async () => {
    expect((await bench.run("monitoring", "anomalies")).err).toEqual(["Nothing was unusual in that time."]);
    const before = await bench.run("monitoring", "status");
    expect(before.exitCode).toBe(1);
    expect(before.out.join("\n")).toMatch(/Nobody has looked/);
    await bench.sql(
      `INSERT INTO anomaly (id, metric, subject, started_at, last_at, ended_at, score, value, peak, expected_low, expected_high, reason, window_seconds)
       VALUES ('ano_1', 'authentication_failures', 'address:192.0.2.1', now() - interval '10 minutes', now(), NULL, 0.91, 240, 240, 0, 12, 'higher', 3600),
         ('ano_2', 'message_volume', '', now() - interval '3 days', now() - interval '3 days', now() - interval '2 days', 0.85, 500, 900, 0, 80, 'jump', 3600)`,
    );
    const { out, exitCode } = await bench.run("monitoring", "anomalies");
    expect(exitCode).toBe(1);
    expect(out.join("\n")).toMatch(/0\.91 +authentication_failures +address:192\.0\.2\.1 +240 failures +0 to 12/);
    expect(out.join("\n")).not.toContain("message_volume");
    const week = JSON.parse((await bench.run("monitoring", "anomalies", "--last", "7d", "--json")).out.join("\n")) as {
      id: string;
    }[];
    expect(week.map(({ id }) => id)).toEqual(["ano_1", "ano_2"]);
    const now = JSON.parse((await bench.run("monitoring", "status", "--json")).out.join("\n")) as object;
    expect(now).toMatchObject({
      watch: { enabled: true, threshold: 0.8, windowSeconds: 3600 },
      open: [{ id: "ano_1" }],
    });
    bench.configure("{ security: { monitoring: { anomalyDetection: { enabled: false } } } }");
    expect((await bench.run("monitoring", "status")).out.join("\n")).toMatch(/Anomaly detection is off/);
  });
});
