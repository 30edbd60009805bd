/** OPS-3 the red button on real containers: 20 of them on five workers, and what waits in the queue behind them. */
import type { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "#server/core/clock.ts";
import { resume, stopEverything, type LockedBy } from "#server/incidents/index.ts";
import { LABEL } from "#worker/container-spec.ts";
import { docker, openBench, until, type SandboxBench } from "#worker/test/support.ts";

/** Each worker carries out four runs at a time. */
const WORKERS = 5;
const RUNNING = 20;
const QUEUED = 10;
const OPERATOR: LockedBy = { actor: { type: "operator", id: "cli" }, member: null };

let bench: SandboxBench;
beforeEach(async () => {
  bench = await openBench();
  bench.configure({
    security: { sandboxing: { docker: { pool: { size: 0 }, limits: { memory: "64m", disk: "16m" } } } },
  });
});
afterEach(async () => {
  await until("no run has a container any more", async () => (await bench.containers()).length === 0);
  await bench.close();
});

const statesOf = async (ids: readonly string[]): Promise<string[]> =>
  (await bench.db.run.findMany({ where: { id: { in: [...ids] } }, select: { state: true } })).map(({ state }) => state);

describe("OPS-3 the red button and containers", () => {
  test("20 running runs and 10 queued ones end as cancelled, none starts while it holds, and runs go on afterwards", async () => {
    await Promise.all(Array.from({ length: WORKERS }, () => bench.startWorker()));
    const running = await Promise.all(Array.from({ length: RUNNING }, () => bench.submit("sh", "echo on; sleep 120")));
    await until(
      "all of them run",
      async () => (await bench.db.runEvent.count({ where: { runId: { in: running }, kind: "stdout" } })) === RUNNING,
    );
    const queued = await Promise.all(Array.from({ length: QUEUED }, () => bench.submit("sh", "echo never")));
    const deaths = await watchDeaths(running);
    const deps = { db: bench.db, clock: systemClock };
    const { id } = await stopEverything(deps, OPERATOR, { reason: "test" });
    const committed = Date.now();
    const died = await deaths.of(RUNNING);
    await until("all have ended", async () =>
      (await statesOf([...running, ...queued])).every((state) => state === "cancelled"),
    );
    const stored = await bench.db.run.findMany({ where: { id: { in: [...running, ...queued] } } });
    const endOf = (ids: readonly string[]): number =>
      Math.max(...stored.filter(({ id: runId }) => ids.includes(runId)).map(({ finishedAt }) => Number(finishedAt))) -
      committed;
    process.stdout.write(
      `kill switch: ${RUNNING} containers dead ${(Math.max(...died) - committed).toFixed(0)} ms after the commit, ` +
        `their runs stored as cancelled after ${endOf(running)} ms, ${QUEUED} queued runs after ${endOf(queued)} ms\n`,
    );
    expect(Math.max(...died) - committed).toBeLessThan(10_000);
    expect(new Set(stored.map(({ cancelRequestedBy }) => cancelRequestedBy))).toEqual(new Set([`lock:${id}`]));
    for (const runId of running) {
      expect(await bench.events(runId)).toContainEqual({
        event: "run.cancel_requested",
        outcome: "ok",
        reason: "locked",
      });
    }
    // Accepted by a server that has not heard of it: the worker asks the database.
    const late = await bench.submit("sh", "echo never");
    await until("the late one is refused", async () => (await statesOf([late])).includes("cancelled"));
    expect(await bench.db.runEvent.count({ where: { runId: { in: [...queued, late] }, kind: "started" } })).toBe(0);
    await resume(deps, OPERATOR, { reason: "over" });
    expect(await bench.run("sh", "echo again")).toMatchObject({ state: "succeeded", stdout: "again\n" });
  }, 180_000);
});

/** Times (milliseconds since 1970) at which containers of these runs died from now on, as the engine saw it. */
async function watchDeaths(runs: readonly string[]): Promise<{ of: (count: number) => Promise<number[]> }> {
  const stream = await docker.getEvents({ filters: JSON.stringify({ type: ["container"], event: ["die"] }) });
  const times: number[] = [];
  stream.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().split("\n").filter(Boolean)) {
      const { timeNano, Actor } = JSON.parse(line) as {
        timeNano: number;
        Actor: { Attributes: Record<string, string> };
      };
      if (runs.includes(Actor.Attributes[LABEL.run] ?? "")) {
        times.push(timeNano / 1e6);
      }
    }
  });
  return {
    async of(count) {
      await until("they are dead", () => Promise.resolve(times.length >= count));
      stream.removeAllListeners();
      (stream as Readable).destroy();
      return times;
    },
  };
}
