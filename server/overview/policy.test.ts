import { describe, expect, test } from "vitest";
import { engineSummary } from "#server/overview/policy.ts";
import type { EngineFacts } from "#server/sandbox/schema.ts";

const READY: EngineFacts = {
  reachable: true,
  endpoint: "unix:///var/run/docker.sock",
  version: "27.0",
  runtimes: ["runc"],
  storageDriver: "overlay2",
  image: "openclaw/sandbox:latest",
  imageDigest: "sha256:aa",
  loopDisks: true,
  error: null,
};
const DOWN: EngineFacts = { ...READY, reachable: false, version: null, imageDigest: null, error: "refused" };
const EMPTY: EngineFacts = { ...READY, imageDigest: null };
const alive = (engine: EngineFacts) => ({ alive: true, engine });

describe("engine summary", () => {
  test("without a live worker nothing is known, whatever a dead one once said", () => {
    const summary = engineSummary([{ alive: false, engine: READY }], "Start a worker.");
    expect(summary).toEqual({ state: "no_worker", version: null, imageDigest: null, problem: "Start a worker." });
  });

  test("one worker that can start containers is enough", () => {
    expect(engineSummary([alive(DOWN), alive(EMPTY), alive(READY)], null)).toMatchObject({
      state: "ready",
      imageDigest: "sha256:aa",
    });
  });

  test("SBX-1 an engine that nobody reaches is reported with what to do", () => {
    expect(engineSummary([alive(DOWN)], "Start Docker.")).toMatchObject({
      state: "unreachable",
      problem: "Start Docker.",
    });
  });

  test("an engine without the image is not ready", () => {
    const summary = engineSummary([alive(DOWN), alive(EMPTY)], null);
    expect(summary.state).toBe("image_missing");
    expect(summary.problem).toContain("openclaw/sandbox:latest");
  });
});
