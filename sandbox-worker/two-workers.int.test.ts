/** Two real workers on one database and one engine: the queue is shared, each run is done once, and one's death or absence harms nothing. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { LABEL } from "#worker/container-spec.ts";
import { EngineDoor } from "#worker/test/engine-door.ts";
import { docker, endProcess, openBench, until, type SandboxBench } from "#worker/test/support.ts";

let bench: SandboxBench;
beforeEach(async () => {
  bench = await openBench();
  bench.configure({ security: { sandboxing: { docker: { pool: { size: 0 }, limits: { disk: "64m" } } } } });
});
afterEach(async () => {
  await until("no run has a container any more", async () => (await bench.containers()).length === 0);
  await bench.close();
});

interface Start {
  run: string;
  worker: string;
  attempt: number;
}

/** Every time a worker took a run. */
async function starts(): Promise<Start[]> {
  const { rows } = await bench.owner.query<Start>(
    `SELECT run_id AS run, data->>'workerId' AS worker, (data->>'attempt')::int AS attempt
     FROM run_event WHERE kind = 'started' ORDER BY run_id, seq`,
  );
  return rows;
}

async function endsOf(ids: readonly string[]): Promise<number[]> {
  return Promise.all(ids.map((runId) => bench.db.runEvent.count({ where: { runId, kind: "end" } })));
}

const submitMany = (count: number, code: (index: number) => string): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => bench.submit("sh", code(index))));

const endOfAll = async (ids: readonly string[]) =>
  Promise.all(ids.map((id) => bench.watcher.waitForEnd(id, { timeoutMs: 50_000 })));

async function workerOf(pid: number | undefined): Promise<string> {
  const { rows } = await bench.owner.query<{ id: string }>("SELECT id FROM worker_node WHERE pid = $1", [pid]);
  return rows[0]?.id ?? "";
}

const containersOf = async (worker: string) =>
  docker.listContainers({ all: true, filters: JSON.stringify({ label: [`${LABEL.worker}=${worker}`] }) });

describe("SBX-12 two workers", () => {
  test("share the queue: each run is executed once, and while both are full neither takes less than a third", async () => {
    await Promise.all([bench.startWorker(), bench.startWorker()]);
    // Longer than a start takes: only then is either one full and the share a matter of the queue, not of who was quicker.
    const ids = await submitMany(24, (index) => `sleep 1; echo ${index}`);
    const runs = await endOfAll(ids);
    expect(runs.map(({ state, stdout, attempt }) => [state, stdout, attempt])).toEqual(
      ids.map((_, index) => ["succeeded", `${index}\n`, 1]),
    );
    const taken = await starts();
    expect(taken.map(({ run }) => run)).toEqual(ids.toSorted());
    const shares = Object.values(Object.groupBy(taken, ({ worker }) => worker)).map((all) => all?.length ?? 0);
    expect(shares).toHaveLength(2);
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(ids.length / 3);
    expect(await endsOf(ids)).toEqual(ids.map(() => 1));
  });

  test("kill -9 of one: the other takes over what it had, once each, and removes its containers", async () => {
    const [doomed] = await Promise.all([bench.startWorker(), bench.startWorker()]);
    const dead = await workerOf(doomed.pid);
    const ids = await submitMany(16, (index) => `sleep 1; echo ${index}`);
    await until("it carries out several", async () => (await containersOf(dead)).length >= 2);
    await endProcess(doomed, "SIGKILL");
    const { rows: held } = await bench.owner.query<{ id: string }>(
      "SELECT id FROM run WHERE state = 'running' AND worker_id = $1",
      [dead],
    );
    expect(held.length).toBeGreaterThanOrEqual(1);
    const runs = await endOfAll(ids);
    expect(runs.map(({ state, stdout }) => [state, stdout])).toEqual(
      ids.map((_, index) => ["succeeded", `${index}\n`]),
    );
    const again = (await starts()).filter(({ attempt }) => attempt > 1);
    expect(again.map(({ run, attempt }) => [run, attempt])).toEqual(
      held.map(({ id }): [string, number] => [id, 2]).toSorted(),
    );
    expect(again.map(({ worker }) => worker)).not.toContain(dead);
    expect(await endsOf(ids)).toEqual(ids.map(() => 1));
    expect(await containersOf(dead)).toEqual([]);
  });

  test("one that is cut off from the database stores no end for a run that was taken over", async () => {
    const folder = bench.home.runDir;
    const database = new EngineDoor(join(folder, ".s.PGSQL.5432"), {
      to: join(inject("testCluster").socketDir, ".s.PGSQL.5432"),
    });
    await database.open();
    const cutOff = await bench.startWorker({ databaseFolder: folder });
    const own = await workerOf(cutOff.pid);
    const runId = await bench.submit("sh", "echo on; sleep 8; echo done");
    await until("it runs", async () => (await bench.db.runEvent.count({ where: { runId, kind: "stdout" } })) > 0);
    await database.close();
    await bench.owner.query("UPDATE worker_node SET heartbeat_at = now() - interval '1 minute' WHERE id = $1", [own]);
    await bench.startWorker();
    await until("it was taken over", async () => {
      const now = await bench.db.run.findUniqueOrThrow({ where: { id: runId } });
      return now.attempt === 2 && (await containersOf(own)).length === 0;
    });

    // Back while the other one is at it: nothing but the owner of the run is looked at, its state would still allow an end.
    await database.open();
    await until("it is back", async () => {
      const { rows } = await bench.owner.query(
        "SELECT 1 FROM worker_node WHERE id = $1 AND heartbeat_at > now() - interval '10 seconds'",
        [own],
      );
      return rows.length === 1;
    });
    // It leaves only when each of its runs is settled, with the database there to refuse it.
    await endProcess(cutOff, "SIGTERM");
    expect(cutOff.exitCode).toBe(0);
    expect(await bench.db.run.findUniqueOrThrow({ where: { id: runId } })).toMatchObject({
      state: "running",
      attempt: 2,
    });
    const run = await bench.watcher.waitForEnd(runId, { timeoutMs: 20_000 });
    expect(run).toMatchObject({ state: "succeeded", attempt: 2, stdout: "on\ndone\n" });
    expect(await endsOf([runId])).toEqual([1]);
    expect((await bench.events(runId)).filter(({ event }) => event === "run.ended")).toHaveLength(1);
    await database.close();
  });
});
