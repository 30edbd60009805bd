import { expect, test } from "vitest";
import { jumpTargets } from "#components/layout/jump-targets.ts";

test.each([
  ["run_01", ["/runs/run_01", "/audit?q=run%3Arun_01"]],
  [" req_01 ", ["/audit?q=request%3Areq_01"]],
  ["k3j9xq2mvb7t", ["/tokens?open=k3j9xq2mvb7t", "/users?open=k3j9xq2mvb7t", "/audit?q=user%3Ak3j9xq2mvb7t"]],
  ["ana@example.org", ["/users?open=ana%40example.org", "/audit?q=user%3Aana%40example.org"]],
  ["two words", []],
  ["a", []],
  ["../../etc", []],
])("%j leads to %j", (text, paths) => {
  expect(jumpTargets(text).map(({ path }) => path)).toEqual(paths);
});
