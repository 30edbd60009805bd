/** The checklist of the running server, read at most every few seconds however many look: it walks the home. */
import type { BackupStatus } from "#server/backups/schema.ts";
import type { ConfigStore } from "#server/config/index.ts";
import type { ActivityServices } from "#server/overview/activity.ts";
import { posture } from "#server/overview/posture.ts";
import { readPostureFacts } from "#server/overview/posture-facts.ts";
import type { Posture } from "#server/overview/schema.ts";

type PostureServices = ActivityServices & {
  config: Pick<ConfigStore, "current" | "secret">;
  /** What lies in the folder of backups now. */
  backups: () => BackupStatus;
};

const KEEP_MS = 5_000;
const kept = new WeakMap<object, { at: number; answer: Promise<Posture> }>();

export function consolePosture({ db, pool, clock, paths, config, backups }: PostureServices): Promise<Posture> {
  const now = clock.now();
  const known = kept.get(db);
  if (known !== undefined && now - known.at < KEEP_MS) {
    return known.answer;
  }
  const answer = readPostureFacts({
    paths,
    loaded: config.current(),
    secret: (path, written) => config.secret(path, written),
    backups: backups(),
    database: { db, pool },
    now: new Date(now),
  }).then(posture);
  kept.set(db, { at: now, answer });
  // A failure is asked anew.
  answer.catch(() => kept.delete(db));
  return answer;
}
