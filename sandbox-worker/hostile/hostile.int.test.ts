/** Every hostile program through a real worker on the real engine: it ends contained, for the right reason, and the host is as before. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listRunEvents } from "#server/sandbox/index.ts";
import type { RunView } from "#server/sandbox/schema.ts";
import { usableRuntimes } from "#worker/engine.ts";
import { kernelLogTurn } from "#worker/hostile/alone.ts";
import { CORPUS } from "#worker/hostile/corpus/index.ts";
import type { HostileProgram } from "#worker/hostile/corpus/program.ts";
import { hostState, listenersOfNobody, loopDevicesOver, processesOf } from "#worker/hostile/host-state.ts";
import { callName } from "#worker/killed-call.ts";
import { KernelLog } from "#worker/kernel-log.ts";
import { RECORDED } from "../../tests/support/audit.ts";
import { docker, openBench, until, type SandboxBench } from "#worker/test/support.ts";

const LANES = 3;
const TIMEOUT_MS = 4_000;
/** From the start of a container to its end, on a machine that does other things as well. */
const END_MARGIN_MS = 4_000;
const SUITE_MS = 240_000;
const runtimes = usableRuntimes(((await docker.info()) as { Runtimes: Parameters<typeof usableRuntimes>[0] }).Runtimes);

const log = KernelLog.open();
afterAll(() => log?.close());

describe.each(["runc", "runsc"])("under %s", (runtime) => {
  if (!runtimes.includes(runtime)) {
    test.skip(`the engine has no runtime ${runtime} that holds every limit`, () => undefined);
    return;
  }
  const canary = randomBytes(16).toString("hex");
  const ended = new Map<string, RunView>();
  const killed = new Map<string, string[]>();
  let bench: SandboxBench;
  let before: Record<string, string>;
  let endTurn: () => Promise<void>;

  beforeAll(async () => {
    endTurn = await kernelLogTurn();
    before = await hostState(docker);
    bench = await openBench();
    bench.configure({
      security: {
        sandboxing: {
          docker: {
            runtime,
            limits: { memory: "128m", disk: "200m", processes: runtime === "runc" ? 32 : 256, timeout: "4s" },
          },
        },
      },
    });
    writeFileSync(join(bench.home.keysDir, "canary.key"), `OPENCLAW_CANARY=${canary}`, { mode: 0o600 });
    process.env.OPENCLAW_CANARY = canary;
    await bench.startWorker();
    delete process.env.OPENCLAW_CANARY;
    const waiting = [...CORPUS];
    const lane = async (): Promise<void> => {
      for (let program = waiting.shift(); program !== undefined; program = waiting.shift()) {
        const from = Date.now() - 20;
        ended.set(program.name, await bench.run(program.language, program.code));
        killed.set(program.name, log?.killedBetween(from, Date.now()).map(callName) ?? []);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }, SUITE_MS);
  afterAll(async () => {
    await bench.close();
    await endTurn();
  });

  const runOf = ({ name }: HostileProgram): RunView => {
    const run = ended.get(name);
    if (run === undefined) {
      throw new Error(`"${name}" has not ended`);
    }
    return run;
  };

  test.each(CORPUS)("$name: $holds", (program) => {
    const run = runOf(program);
    expect(run.usage?.wallMs).toBeLessThan(TIMEOUT_MS + END_MARGIN_MS);
    const granted = runtime === "runc" ? [] : (program.gvisorGrants ?? []);
    const escaped = [...(run.stdout + run.stderr).matchAll(/ESCAPED ?(.*)/g)].map(([, what = ""]) => what);
    expect(escaped.filter((what) => !granted.includes(what))).toEqual([]);
    if (runtime !== "runc") {
      // Another kernel answers other errors; what it must not do is the same.
      expect(["exit", "memory", "processes", "disk", "timeout", "output_limit"]).toContain(run.reason);
      return;
    }
    if (program.shows !== undefined) {
      expect(run.stderr).not.toContain("Traceback");
      expect(run.stdout).toMatch(program.shows);
    }
    expect([program.ends].flat(), run.message ?? "").toContain(run.reason);
    if (program.exitCode !== undefined) {
      expect(run.exitCode).toBe(program.exitCode);
    }
    expect(run.usage?.processesPeak ?? 0).toBeLessThanOrEqual(32);
    expect(run.usage?.diskBytes ?? 0).toBeLessThanOrEqual(200 * 1024 * 1024);
  });

  test.runIf(runtime === "runc" && log !== null)("an attempt is on the record with its evidence", async () => {
    const { id } = await bench.run(
      "python",
      CORPUS.find(({ name }) => name === "the main process itself mounts")?.code ?? "",
    );
    const record = await bench.owner.query<{ event: string; data: unknown }>(
      `SELECT event, data FROM ${RECORDED} AS record WHERE target = $1 AND event LIKE 'sandbox.%' ORDER BY n`,
      [id],
    );
    expect(record.rows).toMatchObject([{ event: "sandbox.escape_attempt", data: { calls: { mount: 1 } } }]);
  });

  test("the canary and the worker's own secrets are in no output, event or record", async () => {
    const password = new URL(bench.owner.options.connectionString ?? "").password;
    expect(password).not.toBe("");
    const ids = await bench.db.run.findMany({ select: { id: true } });
    const events = await Promise.all(ids.map(({ id }) => listRunEvents(bench.deps, id)));
    const everything = [...events.flat(), ...ended.values()].map((told) => JSON.stringify(told));
    expect(everything.length).toBeGreaterThan(CORPUS.length);
    for (const secret of [canary, password, bench.home.home, "openclaw_worker"]) {
      expect(everything.filter((text) => text.includes(secret))).toEqual([]);
    }
  });

  test("no stored output holds a control character", () => {
    const unclean = [...ended].filter(([, run]) =>
      /[^\t\n\r\u0020-\u007e\u00a0-\u{10ffff}]/u.test(run.stdout + run.stderr),
    );
    expect(unclean.map(([name]) => name)).toEqual([]);
  });

  test("nothing of the runs is left, and worker and engine go on", async () => {
    await until("every container is removed", async () => (await bench.containers()).length === 0);
    const { rows } = await bench.owner.query<{ id: string }>(
      "SELECT container_id AS id FROM run WHERE container_id IS NOT NULL",
    );
    expect(rows.length).toBeGreaterThanOrEqual(CORPUS.length);
    expect(processesOf(rows.map(({ id }) => id))).toEqual([]);
    expect(listenersOfNobody()).toEqual([]);
    expect(await bench.run("python", "print(6 * 7)")).toMatchObject({ state: "succeeded", stdout: "42\n", attempt: 1 });
    expect((await bench.owner.query("SELECT 1 FROM run WHERE attempt > 1")).rowCount).toBe(0);
  });

  test("the host is as before: files, kernel settings, mounts, routes, networks, clock", async () => {
    expect(await hostState(docker)).toEqual(before);
    const drift = Date.now() - (performance.timeOrigin + performance.now());
    expect(Math.abs(drift)).toBeLessThan(1_000);
  });

  test.runIf(runtime === "runc" && log !== null)("the kernel's log names killed calls", () => {
    const possible = new Set<string>(CORPUS.flatMap((program) => program.killed ?? []));
    const told = [...killed.values()].flat();
    // The kernel tells about ten records in 5 s and only counts the others, so not every program's own show up in a crowd.
    expect(told.filter((call) => possible.has(call)).length).toBeGreaterThan(0);
    expect(told.filter((call) => !possible.has(call) && call !== "foreign_interface")).toEqual([]);
  });
});

test("SBX-12 after the worker has left no disk of a run is left", async () => {
  const bench = await openBench();
  bench.configure({ security: { sandboxing: { docker: { limits: { memory: "128m", disk: "200m" } } } } });
  await bench.startWorker();
  await bench.run("sh", "dd if=/dev/zero of=/workspace/x bs=1M count=10");
  expect(loopDevicesOver(bench.home.home).length).toBeGreaterThan(0);
  await bench.close();
  expect(loopDevicesOver(bench.home.home)).toEqual([]);
});
