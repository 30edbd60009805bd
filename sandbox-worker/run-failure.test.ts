import { expect, test } from "vitest";
import { ContainerLife } from "#worker/engine-events.ts";
import { causeOf, DetectedRefusal } from "#worker/run-failure.ts";

test("SBX-12 a run that ended because of foreign hands is never told as stopped on request or as the engine's trouble", () => {
  const life = new ContainerLife();
  const error = new Error("no such container");
  expect(causeOf(null, error)).toBe(error);
  expect(causeOf(life, "foreign_action")).toBe("foreign_action");
  life.note("1", "container", "exec_create: id", { execID: "e" });
  for (const reason of ["foreign_action", "cancelled", error]) {
    const cause = causeOf(life, reason);
    expect(cause).toBeInstanceOf(DetectedRefusal);
    expect(cause).toMatchObject({
      reason: "refused",
      detection: {
        event: "sandbox.foreign_action",
        evidence: { action: "exec_create", attributes: { execID: "e" } },
      },
    });
  }
});
