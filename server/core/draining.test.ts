import { getEventListeners } from "node:events";
import { expect, it } from "vitest";
import { Draining } from "#server/core/draining.ts";

it("tells those who listen once, those who have left nothing, and those who come too late at once", () => {
  const draining = new Draining();
  const told: string[] = [];
  const listen = (name: string) => draining.listen(() => void told.push(name));
  listen("stays");
  listen("leaves")();
  expect([told, draining.signal.aborted]).toEqual([[], false]);
  draining.begin();
  draining.begin();
  listen("late")();
  expect([told, draining.signal.aborted]).toEqual([["stays", "late"], true]);
});

it("puts nothing on the signal, which lives as long as the process", () => {
  const draining = new Draining();
  draining.listen(() => undefined);
  expect(getEventListeners(draining.signal, "abort")).toEqual([]);
});
