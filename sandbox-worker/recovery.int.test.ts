/** Crashes and absences: of workers, of the engine, of the image. Every accepted run ends once, nothing stays on the engine. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { engineStatus, requestCancel, requireEngine } from "#server/sandbox/index.ts";
import { usableRuntimes, type RuntimeInfo } from "#worker/engine.ts";
import { EngineDoor } from "#worker/test/engine-door.ts";
import { docker, endProcess, openBench, until, type SandboxBench } from "#worker/test/support.ts";

let bench: SandboxBench;
beforeEach(async () => {
  bench = await openBench();
});
afterEach(async () => {
  // A container goes while its run's end is told.
  await until("no run has a container any more", async () => (await bench.containers()).length === 0);
  await bench.close();
});

const running = (count: number): Promise<void> =>
  until(
    `${count} containers run`,
    async () => (await bench.containers()).filter(({ State }) => State === "running").length === count,
  );

async function ends(runId: string): Promise<number> {
  return bench.db.runEvent.count({ where: { runId, kind: "end" } });
}

describe("workers", () => {
  test("SBX-12 kill -9: the container is removed and the run is done once more by the next worker", async () => {
    const first = await bench.startWorker();
    const runId = await bench.submit("sh", "sleep 1; echo done");
    await running(1);
    const [orphan] = await bench.containers();
    await endProcess(first, "SIGKILL");
    await bench.startWorker();
    expect(await bench.watcher.waitForEnd(runId, { timeoutMs: 20_000 })).toMatchObject({
      state: "succeeded",
      stdout: "done\n",
      attempt: 2,
    });
    const kinds = await bench.db.runEvent.findMany({
      where: { runId },
      orderBy: { seq: "asc" },
      select: { kind: true, seq: true },
    });
    expect(kinds.map(({ kind }) => kind).filter((kind) => kind !== "stdout")).toEqual([
      "queued",
      "started",
      "requeued",
      "started",
      "end",
    ]);
    expect(kinds.map(({ seq }) => seq)).toEqual(kinds.map((_, index) => index + 1));
    expect((await bench.events(runId)).map(({ event }) => event)).toEqual([
      "run.queued",
      "run.started",
      "sandbox.orphan_removed",
      "run.requeued",
      "run.started",
      "run.ended",
    ]);
    await expect(docker.getContainer(orphan?.Id ?? "").inspect()).rejects.toMatchObject({ statusCode: 404 });
    await until("no container is left", async () => (await bench.containers()).length === 0);
  });

  test("a run that loses its worker twice is given up, once", async () => {
    const runId = await bench.submit("sh", "sleep 3600");
    for (const attempt of [1, 2]) {
      const worker = await bench.startWorker();
      await until(
        `attempt ${attempt} runs`,
        async () => (await bench.db.run.findUnique({ where: { id: runId } }))?.attempt === attempt,
      );
      await running(1);
      await endProcess(worker, "SIGKILL");
    }
    await bench.startWorker();
    expect(await bench.watcher.waitForEnd(runId, { timeoutMs: 20_000 })).toMatchObject({
      state: "failed",
      reason: "worker_lost",
      attempt: 2,
    });
    expect(await ends(runId)).toBe(1);
  });

  test("kill -9 with 12 runs on their way: each ends exactly once", async () => {
    const first = await bench.startWorker();
    const ids = await Promise.all(
      Array.from({ length: 12 }, (_, index) => bench.submit("sh", `sleep 2; echo ${index}`)),
    );
    await running(4);
    await endProcess(first, "SIGKILL");
    await bench.startWorker();
    const runs = await Promise.all(ids.map((id) => bench.watcher.waitForEnd(id, { timeoutMs: 50_000 })));
    expect(runs.map(({ state, stdout }) => [state, stdout])).toEqual(
      ids.map((_, index) => ["succeeded", `${index}\n`]),
    );
    expect(await Promise.all(ids.map(ends))).toEqual(ids.map(() => 1));
    await until("no container is left", async () => (await bench.containers()).length === 0);
  });

  test("a worker that was thought dead and comes back cannot change what was decided", async () => {
    const frozen = await bench.startWorker();
    const runId = await bench.submit("sh", "sleep 2; echo done");
    await running(1);
    frozen.kill("SIGSTOP");
    await bench.owner.query("UPDATE worker_node SET heartbeat_at = now() - interval '1 minute'");
    await bench.startWorker();
    await until(
      "the run is done once more",
      async () => (await bench.db.run.findUnique({ where: { id: runId } }))?.attempt === 2,
    );
    frozen.kill("SIGCONT");
    expect(await bench.watcher.waitForEnd(runId, { timeoutMs: 20_000 })).toMatchObject({
      state: "succeeded",
      attempt: 2,
      stdout: "done\n",
    });
    await until("no container is left", async () => (await bench.containers()).length === 0);
    expect(await ends(runId)).toBe(1);
  });

  test("SIGTERM: what does not end in time goes back to the queue, and no container, disk or row is left", async () => {
    const worker = await bench.startWorker();
    const runId = await bench.submit("sh", "sleep 3600");
    await running(1);
    await endProcess(worker, "SIGTERM");
    expect(worker.exitCode).toBe(0);
    expect(await bench.db.run.findUnique({ where: { id: runId } })).toMatchObject({ state: "queued", attempt: 1 });
    expect(await bench.db.workerNode.count()).toBe(0);
    const { Volumes: volumes } = await docker.listVolumes({
      filters: JSON.stringify({ label: ["openclaw.sandbox=1"] }),
    });
    const { rows } = await bench.owner.query<{ worker_id: string }>(
      "SELECT data->>'workerId' AS worker_id FROM run_event WHERE kind = 'started'",
    );
    expect(volumes.filter(({ Name }) => rows.some((row) => Name.includes(row.worker_id)))).toEqual([]);
    await requestCancel(bench.deps, { type: "operator", id: "ana" }, { runId });
  });

  test("a queued run that is cancelled never starts", async () => {
    const runId = await bench.submit("sh", "echo never");
    expect(await requestCancel(bench.deps, { type: "token", id: "test" }, { runId })).toBe("requested");
    expect(await requestCancel(bench.deps, { type: "token", id: "test" }, { runId })).toBe("already_requested");
    await bench.startWorker();
    expect(await bench.watcher.waitForEnd(runId, { timeoutMs: 10_000 })).toMatchObject({
      state: "cancelled",
      stdout: "",
      attempt: 0,
    });
  });
});

describe("engine", () => {
  test("SBX-1 no worker and no engine are told apart, with the address and the next step", async () => {
    await expect(requireEngine(bench.db)).rejects.toMatchObject({
      code: "ENGINE_UNAVAILABLE",
      message: expect.stringContaining("No sandbox worker") as string,
    });
    await bench.startWorker({ dockerHost: "unix:///nonexistent/docker.sock" });
    await expect(requireEngine(bench.db)).rejects.toMatchObject({
      code: "ENGINE_UNAVAILABLE",
      message: expect.stringContaining("Docker Engine not reachable at unix:///nonexistent/docker.sock") as string,
    });
  });

  test("SBX-1 a run that was accepted before the engine went ends as engine_unavailable, executed nowhere", async () => {
    await bench.startWorker({ dockerHost: "unix:///nonexistent/docker.sock" });
    const marker = join(bench.home.home, "executed-on-the-host");
    const runId = await bench.submit("sh", `touch ${marker}`);
    await bench.owner.query("UPDATE run_event SET at = now() - interval '1 minute'");
    expect(await bench.watcher.waitForEnd(runId, { timeoutMs: 20_000 })).toMatchObject({
      state: "failed",
      reason: "engine_unavailable",
      attempt: 0,
    });
    expect(await bench.events(runId)).toContainEqual({
      event: "run.refused",
      outcome: "failed",
      reason: "engine_unavailable",
    });
    await expect(import("node:fs/promises").then(({ stat }) => stat(marker))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("the engine goes during a run: it fails as engine_unavailable, and its container is removed when the engine is back", async () => {
    const engine = new EngineDoor(join(bench.home.runDir, "engine.sock"));
    await engine.open();
    await bench.startWorker({ dockerHost: `unix://${engine.path}` });
    const runId = await bench.submit("sh", "sleep 3600");
    await running(1);
    await engine.close();
    const run = await bench.watcher.waitForEnd(runId, { timeoutMs: 20_000 });
    expect(run).toMatchObject({ state: "failed", reason: "engine_unavailable" });
    expect(run.message).toContain(engine.path);
    await until("the status says so", async () => !(await engineStatus(bench.db)).available);
    await engine.open();
    await until("the container is removed", async () => (await bench.containers()).length === 0);
    expect(await bench.run("sh", "echo again")).toMatchObject({ state: "succeeded", stdout: "again\n" });
    await bench.close();
    await engine.close();
    bench = await openBench();
  });
});

describe("image and limits", () => {
  const sandboxing = (docker: object) => ({ security: { sandboxing: { docker } } });

  test("SBX-2 a missing image is named with the way to build it", async () => {
    bench.configure(sandboxing({ image: "openclaw/none:latest" }));
    await bench.startWorker();
    const run = await bench.run("sh", "true");
    expect(run).toMatchObject({ state: "failed", reason: "image_missing" });
    expect(run.message).toContain("openclaw/none:latest");
  });

  test("SBX-2 a pinned digest is held: another image is refused, the right one runs", async () => {
    bench.configure(sandboxing({ digest: `sha256:${"0".repeat(64)}` }));
    const worker = await bench.startWorker();
    expect(await bench.run("sh", "true")).toMatchObject({ state: "failed", reason: "refused", attempt: 1 });
    await endProcess(worker, "SIGTERM");
    const { Id } = await docker.getImage("openclaw/sandbox:latest").inspect();
    bench.configure(sandboxing({ digest: Id }));
    await bench.startWorker();
    expect(await bench.run("sh", "echo ok")).toMatchObject({ state: "succeeded", imageDigest: Id });
  });

  test("SBX-1 switched off: refused by name, no container", async () => {
    bench.configure({ security: { sandboxing: { enabled: false } } });
    await bench.startWorker();
    const run = await bench.run("sh", "true");
    expect(run).toMatchObject({ state: "failed", reason: "refused" });
    expect(run.message).toContain("security.sandboxing.enabled");
  });

  test("SBX-7 a runtime or image with which a limit cannot be held is refused", async () => {
    bench.configure(sandboxing({ runtime: "runsc", limits: { processes: 256 } }));
    await bench.startWorker();
    const run = await bench.run("sh", "true");
    const { Runtimes } = (await docker.info()) as { Runtimes: Record<string, RuntimeInfo> };
    expect(run).toMatchObject(
      usableRuntimes(Runtimes).includes("runsc")
        ? { state: "succeeded" }
        : { state: "failed", reason: "limit_unenforceable" },
    );
  });

  test("SBX-4 SBX-7 the guide's writable root and 10 processes: still nothing but the scratch places can be written", async () => {
    bench.configure(
      sandboxing({ readonly: false, limits: { memory: "512m", cpu: "0.5", disk: "64m", processes: 10 } }),
    );
    await bench.startWorker();
    const places =
      "for d in $(find / -xdev -type d -writable 2>/dev/null) /var/tmp /run/lock; do touch $d/p && echo $d; done 2>/dev/null | sort -u";
    const run = await bench.run("sh", places);
    expect(run).toMatchObject({
      stdout: "/tmp\n/var/tmp\n/workspace\n",
      limits: { diskBackend: "tmpfs", processes: 10, readonlyRoot: false },
    });
    expect(await bench.run("sh", "readlink -f /var/tmp; df --output=target /var/tmp | tail -1")).toMatchObject({
      stdout: "/tmp\n/tmp\n",
    });
    expect(await bench.run("sh", "dd if=/dev/zero of=/workspace/x bs=1M count=100")).toMatchObject({ reason: "disk" });
  });
});
