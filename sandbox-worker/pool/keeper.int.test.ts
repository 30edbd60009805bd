/** Containers made ahead by a real worker on the real engine: used once, drained, replaced, never left behind. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { getRun } from "#server/sandbox/index.ts";
import type { Language } from "#server/sandbox/schema.ts";
import { EngineDoor } from "#worker/test/engine-door.ts";
import { docker, endProcess, openBench, until, type SandboxBench } from "#worker/test/support.ts";
import { RECORDED } from "../../tests/support/audit.ts";

const MiB = 1024 * 1024;
const IMAGE = "openclaw/sandbox:latest";
let bench: SandboxBench;

beforeEach(async () => {
  bench = await openBench();
});
afterEach(async () => {
  // A container goes while its run's end is told.
  await until("no run has a container any more", async () => (await bench.containers()).length === 0);
  await bench.close();
});

const sandboxing = (docker: object) => ({ security: { sandboxing: { docker } } });

/** Waits until that many containers wait for a program, and returns their ids. */
async function waiting(count: number): Promise<string[]> {
  let ids: string[] = [];
  await until(`${count} containers wait`, async () => {
    const pooled = await bench.pooled();
    ids = pooled.filter(({ State }) => State === "running").map(({ Id }) => Id);
    return pooled.length === count && ids.length === count;
  });
  return ids;
}

async function containerOf(runId: string): Promise<string | null> {
  const row = await bench.db.run.findUniqueOrThrow({ where: { id: runId }, select: { containerId: true } });
  return row.containerId;
}

/** What the engine says of a container; null = there is none of that id any more. */
const inspectIfThere = (containerId: string) =>
  inspect(containerId).catch((error: unknown) => {
    if ((error as { statusCode?: number }).statusCode === 404) {
      return null;
    }
    throw error;
  });
const gone = async (containerId: string): Promise<boolean> => (await inspectIfThere(containerId)) === null;

describe("a run with a container made ahead", () => {
  test("each language gets its program byte for byte, in a container that serves this run alone and is then gone", async () => {
    await bench.startWorker();
    const programs: [Language, string, string][] = [
      ["sh", '\n\r\n#é\\n\ncat -- "$0"; printf %s "$(cat)"', '\n\r\n#é\\n\ncat -- "$0"; printf %s "$(cat)"'],
      ["python", "\n\nprint(open(__file__, newline='').read(), end='')\r\n#\ttail", ""],
      ["node", "process.stdout.write(require('fs').readFileSync(__filename))\r\n// ünd so weiter", ""],
    ];
    const used = new Set<string>();
    for (const [language, code, output] of [...programs, ...programs]) {
      const ahead = await waiting(2);
      const run = await bench.run(language, code);
      expect(run).toMatchObject({ stdout: output === "" ? code : output, usage: { warm: true } });
      expect(run.usage?.acquireMs).toBeLessThan(1_000);
      const container = (await containerOf(run.id)) ?? "";
      expect(ahead).toContain(container);
      used.add(container);
      await until("the container is gone", () => gone(container));
    }
    expect(used.size).toBe(6);
  });

  test("limits, exit codes and reasons are those of any other run, and the record says how it began", async () => {
    bench.configure(sandboxing({ limits: { memory: "64m", disk: "16m", timeout: "2s" } }));
    await bench.startWorker();
    const cases = [
      ["sh", "exit 7", { reason: "exit", exitCode: 7 }],
      ["python", "x = bytearray(200 << 20)", { reason: "memory", exitCode: 137 }],
      ["sh", "dd if=/dev/zero of=/workspace/x bs=1M count=30", { reason: "disk" }],
      ["sh", "trap '' TERM; while :; do :; done", { reason: "timeout" }],
    ] as const;
    for (const [language, code, expected] of cases) {
      await waiting(2);
      const run = await bench.run(language, code);
      expect(run).toMatchObject({ ...expected, usage: { warm: true } });
      const { rows } = await bench.owner.query<{ warm: boolean }>(
        `SELECT (data->>'warm')::boolean AS warm FROM ${RECORDED} AS record WHERE target = $1 AND event = 'run.ended'`,
        [run.id],
      );
      expect(rows).toEqual([{ warm: true }]);
    }
  });

  test("an empty pool is not waited for: more runs than containers all run, and it fills again", async () => {
    await bench.startWorker();
    await waiting(2);
    const ids = await Promise.all(Array.from({ length: 6 }, (_, index) => bench.submit("sh", `echo ${index}`)));
    const runs = await Promise.all(ids.map((id) => bench.watcher.waitForEnd(id, { timeoutMs: 30_000 })));
    expect(runs.map(({ stdout }) => stdout)).toEqual(ids.map((_, index) => `${index}\n`));
    const containers = await Promise.all(ids.map(containerOf));
    expect(new Set(containers).size).toBe(6);
    expect(runs.filter(({ usage }) => usage?.warm === true).length).toBeGreaterThanOrEqual(2);
    expect(runs.filter(({ usage }) => usage?.warm === false).length).toBeGreaterThan(0);
    await waiting(2);
  });
});

describe("what waits follows the configuration", () => {
  test("a change drains the old ones and fills with new ones; size 0 keeps none", async () => {
    await bench.startWorker();
    const before = await waiting(2);
    bench.configure(sandboxing({ limits: { memory: "96m", disk: "16m" }, pool: { size: 1 } }));
    await until("one of the new kind waits", async () => {
      const [only, ...others] = await bench.pooled();
      const facts = only === undefined ? null : await inspectIfThere(only.Id);
      return others.length === 0 && facts?.HostConfig.Memory === 96 * MiB;
    });
    expect(await Promise.all(before.map(gone))).toEqual([true, true]);
    bench.configure(sandboxing({ pool: { size: 0 } }));
    await waiting(0);
    expect((await bench.run("sh", "true")).usage).toMatchObject({ warm: false });
  });

  test("SBX-2 a pin or an image that changed counts at once for what was made before", async () => {
    const tag = `openclaw/sandbox-test-${process.pid}`;
    const original = await docker.getImage(IMAGE).inspect();
    await docker.getImage(IMAGE).tag({ repo: tag, tag: "1" });
    const other = await docker.createContainer({ Image: IMAGE, Cmd: ["true"], Labels: { "openclaw.test": tag } });
    try {
      bench.configure(sandboxing({ image: `${tag}:1` }));
      await bench.startWorker();
      await waiting(2);
      await other.commit({ repo: tag, tag: "1" });
      const changed = await docker.getImage(`${tag}:1`).inspect();
      expect(changed.Id).not.toBe(original.Id);
      const run = await bench.run("sh", "echo new");
      expect(run).toMatchObject({ stdout: "new\n", imageDigest: changed.Id, usage: { warm: false } });
      await until("the pool is of the new image", async () => {
        const pooled = await bench.pooled();
        return pooled.length === 2 && pooled.every(({ ImageID }) => ImageID === changed.Id);
      });
      bench.configure(sandboxing({ image: `${tag}:1`, digest: original.Id }));
      await until("the pin is read", async () => (await bench.run("sh", "true")).reason === "refused");
      await waiting(0);
    } finally {
      await other.remove({ force: true });
      await bench.close();
      await docker.getImage(`${tag}:1`).remove({ force: true });
      bench = await openBench();
    }
  });
});

describe("deaths", () => {
  test("one that died while it waited is not handed out and is replaced", async () => {
    await bench.startWorker();
    const [first = "", second = ""] = await waiting(2);
    await docker.getContainer(first).kill();
    await docker.getContainer(second).remove({ force: true });
    expect(await bench.run("sh", "echo alive")).toMatchObject({ state: "succeeded", stdout: "alive\n" });
    const now = await waiting(2);
    expect(now).not.toContain(first);
    expect(now).not.toContain(second);
  });

  test("SBX-12 kill -9 of the worker: the next one removes what waited and what ran, and finds the run of it", async () => {
    const first = await bench.startWorker();
    await waiting(2);
    const runId = await bench.submit("sh", "sleep 3600");
    await until("it runs in a container made ahead", async () => (await containerOf(runId)) !== null);
    const old = [...(await waiting(2)), (await containerOf(runId)) ?? ""];
    await endProcess(first, "SIGKILL");
    await bench.startWorker();
    await until("all of it is gone", async () => (await Promise.all(old.map(gone))).every(Boolean));
    expect(await bench.events(runId)).toContainEqual({
      event: "sandbox.orphan_removed",
      outcome: "ok",
      reason: "worker_gone",
    });
    await until("the run is done once more", async () => (await getRun(bench.deps, runId)).attempt === 2);
    await waiting(2);
    await bench.owner.query("UPDATE run SET cancel_requested_at = now() WHERE id = $1", [runId]);
    expect(await bench.watcher.waitForEnd(runId, { timeoutMs: 10_000 })).toMatchObject({ state: "cancelled" });
  });

  test("the engine goes and comes back: nothing of before is handed out or left, and the pool is full again", async () => {
    const engine = new EngineDoor(join(bench.home.runDir, "engine.sock"));
    await engine.open();
    await bench.startWorker({ dockerHost: `unix://${engine.path}` });
    const before = await waiting(2);
    await engine.close();
    await engine.open();
    await until("what waited before is removed", async () => (await Promise.all(before.map(gone))).every(Boolean));
    await waiting(2);
    expect(await bench.run("sh", "echo again")).toMatchObject({ stdout: "again\n", usage: { warm: true } });
    await bench.close();
    await engine.close();
    bench = await openBench();
  });

  test("SIGTERM leaves nothing waiting", async () => {
    const worker = await bench.startWorker();
    const ids = await waiting(2);
    await endProcess(worker, "SIGTERM");
    expect(worker.exitCode).toBe(0);
    expect(await Promise.all(ids.map(gone))).toEqual([true, true]);
  });
});

const inspect = (containerId: string) => docker.getContainer(containerId).inspect();
