/** What a server does besides cutting when it hears of a lock: ends what was stored in the very moment, by a server that had not heard of it yet. */
import type { PolicyStore } from "#server/access/index.ts";
import type { Clock } from "#server/core/clock.ts";
import type { Db } from "#server/core/db/client.ts";
import type { HomePaths } from "#server/core/paths.ts";
import { withTx } from "#server/core/db/with-tx.ts";
import { cutStored } from "#server/incidents/cut-stored.ts";
import { readStopFile, removeStopFile } from "#server/incidents/stop-file.ts";
import type { Lock } from "#server/incidents/policy.ts";
import { endExpired, stopEverything, usersOfRole } from "#server/incidents/set-lock.ts";

interface SweepDeps {
  db: Db;
  clock: Clock;
  policy: PolicyStore;
}

/** Also with this process's own idea of the policy, which may be written in a configuration file that a command line did not read. */
export async function sweepLocked({ db, clock, policy }: SweepDeps, lock: Lock): Promise<void> {
  const users = usersOfRole(policy.current(), lock.kind, lock.target);
  await withTx(db, (tx) =>
    cutStored(tx, { lock, actor: { type: "system", id: "incidents" }, now: new Date(clock.now()), users }),
  );
}

export const noteExpired = ({ db }: Pick<SweepDeps, "db">): Promise<void> => withTx(db, (tx) => endExpired(tx));

/** Makes a stop that was asked for by file one of the database, on record. The file goes last: nothing is lost in between. */
export async function adoptStopFile({
  db,
  clock,
  paths,
}: Pick<SweepDeps, "db" | "clock"> & { paths: HomePaths }): Promise<void> {
  const asked = readStopFile(paths);
  if (asked !== null) {
    await stopEverything({ db, clock }, { actor: { type: "operator", id: "cli" }, member: null }, asked);
    removeStopFile(paths);
  }
}
