/** A man in the middle between the worker and the real engine changes what is asked for: no program reaches what comes of it. */
import { join } from "node:path";
import type { HostConfig } from "dockerode";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EngineDoor } from "#worker/test/engine-door.ts";
import { openBench, until, type SandboxBench } from "#worker/test/support.ts";
import { RECORDED } from "../tests/support/audit.ts";

let bench: SandboxBench;
let engine: EngineDoor;
let meddling: HostConfig = {};

beforeEach(async () => {
  bench = await openBench();
  engine = new EngineDoor(join(bench.home.runDir, "engine.sock"), {
    meddle: (asked) => ({ ...asked, HostConfig: { ...asked.HostConfig, ...meddling } }),
  });
  await engine.open();
});
afterEach(async () => {
  await bench.close();
  await engine.close();
});

const drifts = async (): Promise<{ target: string; settings: string[] }[]> =>
  (
    await bench.owner.query<{ target: string; settings: string[] }>(
      `SELECT target, data->'settings' AS settings FROM ${RECORDED} AS record WHERE event = 'sandbox.container_drift'`,
    )
  ).rows;

test("SBX-11 an added mount, a dropped filter and a privileged container are refused by name, and no program runs", async () => {
  const pool = { pool: { size: 0 }, limits: { disk: "64m" } };
  bench.configure({ security: { sandboxing: { docker: pool } } });
  await bench.startWorker({ dockerHost: `unix://${engine.path}` });
  meddling = {};
  expect(await bench.run("sh", "echo in order")).toMatchObject({ state: "succeeded", stdout: "in order\n" });
  const cases: [HostConfig, string[]][] = [
    [{ Binds: [`${bench.home.home}:/host`] }, ["HostConfig.Binds", "Mounts"]],
    [{ SecurityOpt: ["no-new-privileges:true", "seccomp=unconfined"] }, ["HostConfig.SecurityOpt"]],
    [
      { Privileged: true },
      ["MaskedPaths", "Privileged", "ReadonlyPaths", "SecurityOpt"].map((name) => `HostConfig.${name}`),
    ],
  ];
  for (const [change, settings] of cases) {
    meddling = change;
    const run = await bench.run("sh", "echo reached; touch /host/reached");
    expect(run).toMatchObject({ state: "failed", reason: "refused", stdout: "", exitCode: null });
    const found = (await drifts()).filter(({ target }) => target === run.id);
    expect(found.map((one) => one.settings)).toEqual([settings]);
    expect(run.message).toContain(settings[0]);
  }
  await until("their containers are gone", async () => (await bench.containers()).length === 0);
});

test("SBX-11 a container made ahead that is not what was asked for never waits, and is on record", async () => {
  bench.configure({ security: { sandboxing: { docker: { pool: { size: 1 }, limits: { disk: "64m" } } } } });
  meddling = { Binds: [`${bench.home.home}:/host`] };
  await bench.startWorker({ dockerHost: `unix://${engine.path}` });
  await until("it is on record", async () => (await drifts()).length > 0);
  expect((await drifts())[0]?.settings).toEqual(["HostConfig.Binds", "Mounts"]);
  await until("it is gone", async () => (await bench.pooled()).length === 0);
  meddling = {};
  await until("one that is in order waits", async () =>
    (await bench.pooled()).some(({ State }) => State === "running"),
  );
  expect(await bench.run("sh", "echo ok")).toMatchObject({ state: "succeeded", stdout: "ok\n" });
});
