/** What other domains may import of sign-in. */
export type { Attempt, AttemptLimiter } from "#server/auth/attempt-limiter.ts";
export { openAttemptStore } from "#server/auth/attempt-store.ts";
export { createLiveStreams, type LiveStreams } from "#server/auth/live-streams.ts";
export { createSessionSeal } from "#server/auth/session-seal.ts";
export { SURFACES } from "#server/auth/surfaces.ts";
export type { AuthServices, CallOrigin } from "#server/auth/services.ts";
export type { ConsoleSession } from "#server/auth/session.ts";
export { mintSetupLink } from "#server/auth/setup-link.ts";
