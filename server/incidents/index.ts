/** What other domains, processes and the command line may import of incidents. */
export { openLockStore, type HeldKind, type LockStore } from "#server/incidents/lock-store.ts";
export type { Lock } from "#server/incidents/policy.ts";
export { lockOnPrincipal } from "#server/incidents/policy.ts";
export { noteExpired, sweepLocked } from "#server/incidents/sweep.ts";
export { tellOnce } from "#server/incidents/told.ts";
export { liftLock, resume } from "#server/incidents/lift-lock.ts";
export { setLock, stopEverything, type LockDeps, type LockedBy } from "#server/incidents/set-lock.ts";
