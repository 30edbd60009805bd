/** What other domains may import of sign-in. */
export { createAttemptLimiter, type AttemptLimiter } from "#server/auth/attempt-limiter.ts";
export type { AuthServices } from "#server/auth/services.ts";
export { mintSetupLink } from "#server/auth/setup-link.ts";
