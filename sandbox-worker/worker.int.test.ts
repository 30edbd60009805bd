import { afterAll, beforeAll, expect, test } from "vitest";
import { openBench, type SandboxBench } from "#worker/test/support.ts";

let bench: SandboxBench;
beforeAll(async () => {
  bench = await openBench();
  await bench.startWorker();
});
afterAll(() => bench.close());

test("runs a program of each language", async () => {
  const python = await bench.run("python", "print(6*7)");
  console.log(python);
  expect(python).toMatchObject({ state: "succeeded", reason: "exit", exitCode: 0, stdout: "42\n" });
  expect(await bench.run("node", "console.log(6*7)")).toMatchObject({ state: "succeeded", stdout: "42\n" });
  expect(await bench.run("sh", "echo $((6*7)); echo oops >&2; exit 3")).toMatchObject({
    state: "failed", reason: "exit", exitCode: 3, stdout: "42\n", stderr: "oops\n",
  });
});
