import { expect, test } from "vitest";
import { backupRetryMs, isBackupDue, startBackupSchedule, type BackupScheduleOptions } from "./backup-schedule.ts";

const HOUR = 3_600_000;
const NOW = 1_000 * HOUR;

test("OPS-2 a backup is due when there is none or the newest is older than the interval", () => {
  expect(isBackupDue(null, NOW, 24 * HOUR)).toBe(true);
  expect(isBackupDue(new Date(NOW - 24 * HOUR), NOW, 24 * HOUR)).toBe(true);
  expect(isBackupDue(new Date(NOW - 24 * HOUR + 1), NOW, 24 * HOUR)).toBe(false);
  expect(isBackupDue(new Date(NOW + HOUR), NOW, 24 * HOUR)).toBe(false);
  expect(isBackupDue(null, NOW, 0)).toBe(false);
});

test("OPS-2 failures are tried again ever later, six hours at most", () => {
  expect([1, 2, 3, 4, 50].map((failures) => backupRetryMs(failures) / 60_000)).toEqual([5, 10, 20, 40, 360]);
});

interface Attempts {
  made: number;
  /** The looks at which one was made. */
  madeAt: number[];
  looks: number;
  failures: number[];
}

/** A schedule whose clock moves by an hour with every look. */
function schedule(overrides: Partial<BackupScheduleOptions> = {}) {
  const seen: Attempts = { made: 0, madeAt: [], looks: 0, failures: [] };
  const now = (): number => NOW + seen.looks * HOUR;
  let newest: Date | null = null;
  const running = startBackupSchedule({
    interval() {
      seen.looks += 1;
      return 24 * HOUR;
    },
    newest: () => newest,
    async make() {
      seen.made += 1;
      seen.madeAt.push(seen.looks);
      newest = new Date(now());
      return null;
    },
    onFailure: (_, waitMs) => void seen.failures.push(waitMs),
    now,
    lookEveryMs: 1,
    ...overrides,
  });
  return { seen, running };
}

test("OPS-2 one is made at the first look, and the next a day later", async () => {
  const { seen, running } = schedule({ firstLookMs: 0 });
  await expect.poll(() => seen.looks).toBeGreaterThan(60);
  await running.stop();
  // A look reads the clock before it moves it: one made at look 1 is 24 hours old at look 26.
  expect(seen.madeAt.slice(0, 3)).toEqual([1, 26, 51]);
});

test("OPS-2 a gateway that runs for less than two minutes makes none", async () => {
  const { seen, running } = schedule();
  await running.stop();
  expect(seen).toMatchObject({ made: 0, looks: 0 });
});

test("OPS-2 a failure is told and waited for, and stopping ends a backup that is being made", async () => {
  const failing = schedule({ firstLookMs: 0, make: async () => "the disk is full" });
  await expect.poll(() => failing.seen.failures).toEqual([300_000]);
  await failing.running.stop();

  const started = Promise.withResolvers<null>();
  const slow = schedule({
    firstLookMs: 0,
    make: (signal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve("ended"));
        started.resolve(null);
      }),
  });
  await started.promise;
  await slow.running.stop();
  expect(slow.seen.failures).toEqual([]);
});
