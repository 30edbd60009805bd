/** What other domains, processes and the command line may import of incidents. */
export { openLockStore, type HeldKind, type LockStore } from "#server/incidents/lock-store.ts";
export type { Lock } from "#server/incidents/policy.ts";
export { lockOnPrincipal } from "#server/incidents/policy.ts";
export { adoptStopFile, noteExpired, sweepLocked } from "#server/incidents/sweep.ts";
export { tellOnce } from "#server/incidents/told.ts";
export { liftLock, resume } from "#server/incidents/lift-lock.ts";
export { setLock, stopEverything, type LockDeps, type LockedBy, type LockSet } from "#server/incidents/set-lock.ts";
export { readBoard, readIncident } from "#server/incidents/board.ts";
export { contactsOf } from "#server/incidents/contacts.ts";
export { closeIncident, noteIncident, openIncident, type By } from "#server/incidents/incidents.ts";
export { renderIncident } from "#server/incidents/report.ts";
export { removeStopFile, stopFileLock, writeStopFile } from "#server/incidents/stop-file.ts";
