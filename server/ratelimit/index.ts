export { openLimiter, type OpenLimiter } from "#server/ratelimit/open-limiter.ts";
