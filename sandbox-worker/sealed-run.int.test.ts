/** Encrypted runs in a real container: what the worker opens, and what it does when it cannot. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { childEnvironment } from "#server/core/env.ts";
import { submitRun } from "#server/sandbox/index.ts";
import { dumpDatabase, foundIn } from "../tests/support/dump.ts";
import { openBench, type SandboxBench } from "#worker/test/support.ts";

let bench: SandboxBench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

/** A run with a file, waiting for a worker. */
async function submit(code: string): Promise<string> {
  const content = Buffer.from("canary-file");
  const { runId } = await submitRun(
    bench.deps,
    { language: "sh", code, principalId: "token:a", roleName: "admin", channel: "api", requestId: "req_1" },
    [],
    [{ path: "in.txt", bytes: content.length, content, verdict: "stored", reason: null }],
  );
  return runId;
}

test("DATA-1 the worker carries out what is encrypted, refuses what was changed, on record, and goes on with the next", async () => {
  const program = "echo canary-$((6 * 7)); cat in.txt >&2 # canary-comment";
  const changed = await submit(program);
  await bench.owner.query("UPDATE run SET code = overlay(code placing 'AAAA' from 40) WHERE id = $1", [changed]);
  const exchanged = await submit(program);
  const whole = await submit(program);
  await bench.owner.query(
    "UPDATE run_file SET content = source.content FROM run_file AS source WHERE run_file.run_id = $1 AND source.run_id = $2",
    [exchanged, whole],
  );
  await bench.startWorker();

  const [first, second, third] = await Promise.all(
    [changed, exchanged, whole].map((runId) => bench.watcher.waitForEnd(runId, { timeoutMs: 50_000 })),
  );
  for (const [run, column] of [
    [first, "run|code"],
    [second, "run_file|content"],
  ] as const) {
    expect(run).toMatchObject({ state: "failed", reason: "refused", exitCode: null, stdout: "" });
    expect(run?.message).toContain(`The stored value ${column}`);
    expect((await bench.events(run?.id ?? "")).map(({ event }) => event)).toContain("data.unreadable");
  }
  expect(third).toMatchObject({ state: "succeeded", stdout: "canary-42\n", stderr: "canary-file" });
  expect(foundIn(await dumpDatabase(bench.owner), ["canary-42", "canary-file", "canary-comment"])).toEqual([]);
});

test("DATA-1 with another master key the worker does not start, and says why", async () => {
  const worker = spawn(process.execPath, ["sandbox-worker/main.ts"], {
    env: childEnvironment({
      OPENCLAW_HOME: bench.home.home,
      OPENCLAW_DATABASE_URL: bench.workerUrl,
      OPENCLAW_MASTER_KEY: "another-master-key-of-some-length",
    }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await Promise.all([text(worker.stdout), once(worker, "exit")]);
  expect(worker.exitCode).toBe(1);
  expect(said).toContain("The master secret from OPENCLAW_MASTER_KEY does not open the keyring");
  expect(said).not.toContain("another-master-key");
});
