/** The plan of processes for each choice of parts. */
import { describe, expect, it } from "vitest";
import { planProcesses, STOP_ORDER, type PartName } from "./parts.ts";

const plan = (only: PartName[]): string[] => planProcesses(only).map(({ name, args }) => [name, ...args].join(" "));

describe("planProcesses", () => {
  it("runs everything by default", () => {
    expect(plan([])).toEqual(["sealer", "worker", "server"]);
  });

  it("leaves Next out of a pure gateway and the API out of a pure console", () => {
    expect(plan(["gateway"])).toEqual(["sealer", "server --without-console"]);
    expect(plan(["console"])).toEqual(["sealer", "server --without-gateway"]);
    expect(plan(["console", "gateway"])).toEqual(["sealer", "server"]);
  });

  it("a worker alone is essential, beside a server it is not", () => {
    expect(planProcesses(["worker"])).toMatchObject([{ name: "worker", essential: true }]);
    expect(planProcesses([]).find(({ name }) => name === "worker")?.essential).toBe(false);
  });

  it("gives each process its own database role, and stops every one of them", () => {
    const plans = planProcesses([]);
    expect(new Set(plans.map(({ databaseRole }) => databaseRole)).size).toBe(plans.length);
    expect([...STOP_ORDER].sort()).toEqual(plans.map(({ name }) => name).sort());
  });
});
