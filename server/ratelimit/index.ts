export { createMemoryLimiter } from "#server/ratelimit/memory-limiter.ts";
