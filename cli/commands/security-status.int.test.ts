import { chmodSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCliBench, type CliBench } from "../../tests/support/cli.ts";
import { registerStatus } from "./security-status.ts";
import { connectionsFile } from "#server/core/db/connections.ts";

interface Status {
  running: boolean;
  score: number;
  lines: { id: string; state: string; evidence: string }[];
}

let bench: CliBench;
beforeAll(async () => {
  bench = await openCliBench((program, context) => registerStatus(program.command("security"), context));
});
afterAll(() => bench.close());

async function status(): Promise<{ exitCode: number; answer: Status }> {
  const { out, exitCode } = await bench.run("security", "status", "--json");
  return { exitCode, answer: JSON.parse(out.join("\n")) as Status };
}
const stateOf = (answer: Status, id: string) => answer.lines.find((line) => line.id === id)?.state;

test("OPS-1 MON-7 each line follows what is so now, and a risk is an exit code", async () => {
  bench.configure(`{}`);
  const fresh = await status();
  expect(fresh).toMatchObject({ exitCode: 0, answer: { running: true } });
  expect(stateOf(fresh.answer, "authentication")).toBe("todo");
  expect(stateOf(fresh.answer, "network")).toBe("done");

  bench.configure(`{\n  security: { authorization: { enabled: false } },\n}`);
  const open = await status();
  expect(open.exitCode).toBe(1);
  expect(stateOf(open.answer, "roles")).toBe("risk");
  expect(open.answer.lines.find(({ id }) => id === "roles")?.evidence).toContain(`${bench.paths.configFile}:2`);

  bench.configure(`{}`);
  chmodSync(bench.paths.keysDir, 0o755);
  expect(stateOf((await status()).answer, "permissions")).toBe("risk");
  chmodSync(bench.paths.keysDir, 0o700);
  expect(stateOf((await status()).answer, "permissions")).not.toBe("risk");
});

test("OPS-1 while no gateway runs, the file and the home are judged all the same", async () => {
  rmSync(connectionsFile(bench.paths));
  const { exitCode, answer } = await status();
  expect(exitCode).toBe(5);
  expect(answer.running).toBe(false);
  expect(stateOf(answer, "sandbox")).toBe("unknown");
  expect(stateOf(answer, "default_secrets")).toBe("done");
  const { out, err } = await bench.run("security", "status");
  expect(out.join("\n")).toContain("[x] done     Change default tokens and passwords");
  expect(err.join("\n")).toContain("does not run");
});
