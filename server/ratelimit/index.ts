export { openLimiter } from "#server/ratelimit/open-limiter.ts";
