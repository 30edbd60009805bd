/** Another client of the real engine lays hands on containers of a real worker: on one that runs a program, and on one that waits. */
import { join } from "node:path";
import type { Container } from "dockerode";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunView } from "#server/sandbox/schema.ts";
import { EngineDoor } from "#worker/test/engine-door.ts";
import { docker, openBench, until, type SandboxBench } from "#worker/test/support.ts";
import { RECORDED } from "../tests/support/audit.ts";

let bench: SandboxBench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(async () => {
  await until("no run has a container any more", async () => (await bench.containers()).length === 0);
  await bench.close();
});

const configure = (size: number): void =>
  bench.configure({ security: { sandboxing: { docker: { pool: { size }, limits: { disk: "64m" } } } } });

async function foreign(): Promise<{ target: string; action: string; reason: string; outcome: string }[]> {
  const { rows } = await bench.owner.query<{ target: string; action: string; reason: string; outcome: string }>(
    `SELECT target, data->>'action' AS action, reason, outcome FROM ${RECORDED} AS record WHERE event = 'sandbox.foreign_action' ORDER BY n`,
  );
  return rows;
}

/** The first step gives it away; by the second the worker may have removed the container, and the engine refuses. */
async function execute(container: Container): Promise<void> {
  const exec = await container.exec({ Cmd: ["cat", "/etc/passwd-of-somebody"], User: "0:0" });
  await exec.start({}).then((output) => output.resume(), unlessGone);
}

/** @throws what is no answer of the engine about a container that is gone, or on its way out. */
function unlessGone(error: unknown): void {
  const status = typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : null;
  if (status !== 404 && status !== 409 && status !== 500) {
    throw error;
  }
}

const HANDS: [action: string, act: (container: Container) => Promise<unknown>][] = [
  ["exec_create", execute],
  ["update", (container) => container.update({ CpuShares: 1024 })],
  ["pause", (container) => container.pause()],
  ["rename", (container) => container.rename({ name: `renamed-${process.pid}-${Date.now()}` })],
  [
    "archive-path",
    (container) =>
      container
        .infoArchive({ path: "/etc/passwd" })
        .then(() => container.getArchive({ path: "/etc/passwd" }).catch(unlessGone)),
  ],
  ["attach", (container) => container.attach({ stream: true, stdout: true })],
  ["kill", (container) => container.kill({ signal: "SIGKILL" })],
  ["kill", (container) => container.kill({ signal: "SIGUSR1" })],
];

async function runningContainer(): Promise<Container> {
  let id = "";
  await until("the program runs", async () => {
    const [found] = (await bench.containers()).filter(({ State }) => State === "running");
    id = found?.Id ?? "";
    return id !== "" && (await bench.db.runEvent.count({ where: { kind: "stdout" } })) > 0;
  });
  return docker.getContainer(id);
}

async function endAfter(act: (container: Container) => Promise<unknown>): Promise<RunView & { tookMs: number }> {
  await bench.owner.query("DELETE FROM run_event WHERE kind = 'stdout'");
  const runId = await bench.submit("sh", "echo on; sleep 3600");
  const container = await runningContainer();
  const at = performance.now();
  await act(container);
  const run = await bench.watcher.waitForEnd(runId, { timeoutMs: 20_000 });
  return { ...run, tookMs: performance.now() - at };
}

describe("on a running program", () => {
  test("SBX-12 each action ends the run at once, by name and on record", async () => {
    configure(0);
    await bench.startWorker();
    for (const [action, act] of HANDS) {
      const run = await endAfter(act);
      expect([action, run.state, run.reason]).toEqual([action, "failed", "refused"]);
      expect(run.message).toContain(`(${action})`);
      expect(run.tookMs).toBeLessThan(5_000);
      const found = (await foreign()).filter(({ target }) => target === run.id);
      expect(found).toEqual([{ target: run.id, action, reason: "foreign_client", outcome: "denied" }]);
      await until("its container is gone", async () => (await bench.containers()).length === 0);
    }
    const { rows } = await bench.owner.query(`SELECT 1 FROM ${RECORDED} AS record WHERE data::text LIKE '%passwd%'`);
    expect(rows).toEqual([]);
  });

  test("runs that nobody touches raise nothing: ended, failed, killed for a limit, stopped", async () => {
    configure(1);
    await bench.startWorker();
    expect(await bench.run("sh", "echo 1")).toMatchObject({ state: "succeeded" });
    expect(await bench.run("sh", "kill -9 $$")).toMatchObject({
      reason: expect.not.stringMatching("refused") as string,
    });
    expect(await bench.run("sh", "head -c 100000000 /dev/zero")).toMatchObject({ reason: "output_limit" });
    const runId = await bench.submit("sh", "echo on; sleep 3600");
    await until("it is on", async () => (await bench.db.runEvent.count({ where: { runId, kind: "stdout" } })) > 0);
    await bench.owner.query("UPDATE run SET cancel_requested_at = now() WHERE id = $1", [runId]);
    expect(await bench.watcher.waitForEnd(runId, { timeoutMs: 10_000 })).toMatchObject({ reason: "cancelled" });
    expect(await foreign()).toEqual([]);
  });

  test("what happened while the engine's events could not be read is found when they can be again", async () => {
    configure(0);
    const engine = new EngineDoor(join(bench.home.runDir, "engine.sock"));
    await engine.open();
    await bench.startWorker({ dockerHost: `unix://${engine.path}` });
    const run = await endAfter(async (container) => {
      engine.cut("/events");
      await execute(container);
    });
    expect(run).toMatchObject({ reason: "refused" });
    expect(await foreign()).toMatchObject([{ target: run.id, action: "exec_create" }]);
    await bench.close();
    await engine.close();
    bench = await openBench();
  });
});

test("SBX-12 a container that waits and was touched serves nobody: dropped, replaced, on record", async () => {
  configure(1);
  await bench.startWorker();
  const waiting = async (not: string[]): Promise<string> => {
    let id: string | undefined;
    await until("another one waits", async () => {
      const found = await bench.pooled();
      id = found.find(({ Id, State }) => State === "running" && !not.includes(Id))?.Id;
      return id !== undefined && found.length === 1;
    });
    return id ?? "";
  };
  const touched: string[] = [];
  for (const [action, act] of HANDS.slice(0, 4)) {
    const id = await waiting(touched);
    touched.push(id);
    await act(docker.getContainer(id));
    await until("it is on record", async () => (await foreign()).some(({ target }) => target === id));
    expect((await foreign()).filter(({ target }) => target === id).map((one) => one.action)).toEqual([action]);
  }
  await waiting(touched);
  const run = await bench.run("sh", "echo clean");
  const { containerId } = await bench.db.run.findUniqueOrThrow({
    where: { id: run.id },
    select: { containerId: true },
  });
  expect(run).toMatchObject({ state: "succeeded", usage: { warm: true } });
  expect(touched).not.toContain(containerId);
});
