import { expect, test } from "vitest";
import { LABEL } from "#worker/container-spec.ts";
import { orphanCause } from "#worker/reap.ts";
import { concurrencyFor } from "#worker/worker.ts";

const now = 1_800_000_000_000;
const view = {
  isAlive: (id: string) => id !== "wrk_dead",
  isActive: (id: string) => id === "run_mine",
  isPooled: (entry: string) => entry === "p_mine",
  now,
};
const own = { workerId: "wrk_me", instanceId: "ours" };
const cause = (instance: string, worker: string, run: string, deadline: number) =>
  orphanCause(
    { [LABEL.instance]: instance, [LABEL.worker]: worker, [LABEL.run]: run, [LABEL.deadline]: String(deadline) },
    own,
    view,
  );

test.each([
  ["one of mine that runs", "ours", "wrk_me", "run_mine", now - 1, null],
  ["one of mine that nobody runs", "ours", "wrk_me", "run_old", now + 1, "not_running"],
  ["of a live worker", "ours", "wrk_other", "run_x", now + 1, null],
  ["of a live worker, past its time", "ours", "wrk_other", "run_x", now - 1, "deadline_passed"],
  ["of a dead worker", "ours", "wrk_dead", "run_x", now + 1, "worker_gone"],
  ["of another installation", "theirs", "wrk_dead", "run_x", now - 1, null],
  ["of another installation, long over", "theirs", "wrk_dead", "run_x", now - 3_600_000, "deadline_passed"],
])("SBX-12 orphans: %s", (_name, instance, worker, run, deadline, expected) => {
  expect(cause(instance, worker, run, deadline)).toBe(expected);
});

test.each([
  ["one that waits or is in use", "wrk_me", "p_mine", null],
  ["one nobody answers for", "wrk_me", "p_lost", "not_running"],
  ["of a live worker", "wrk_other", "p_x", null],
  ["of a dead worker", "wrk_dead", "p_x", "worker_gone"],
])("SBX-12 orphans made ahead: %s", (_name, worker, entry, expected) => {
  const labels = {
    [LABEL.instance]: "ours",
    [LABEL.worker]: worker,
    [LABEL.pool]: entry,
    [LABEL.deadline]: String(now + 1),
  };
  expect(orphanCause(labels, own, view)).toBe(expected);
});

test("runs at once are bounded by processors and by memory, never zero", () => {
  const GiB = 1024 ** 3;
  expect(concurrencyFor(GiB / 2, 2, 16 * GiB)).toBe(4);
  expect(concurrencyFor(GiB / 2, 1, 16 * GiB)).toBe(2);
  expect(concurrencyFor(GiB, 8, 4 * GiB)).toBe(3);
  expect(concurrencyFor(64 * GiB, 8, 4 * GiB)).toBe(1);
});
