/** `security.rateLimit`: how much may come in, per whom. Every limit holds for any window of its length. */
import { z } from "zod";
import { dictionary, milliseconds, wholeNumber } from "#server/config/schema/fields.ts";
import { DAY, MINUTE } from "#server/config/units.ts";

const QUARTER_HOUR = 15 * MINUTE;

const max = () => wholeNumber({ min: 1, max: 1_000_000_000 });

function limit<Max extends z.ZodType<number>>(maxRequests: Max, { skipSuccessfulRequests = false } = {}) {
  return z.strictObject({
    windowMs: milliseconds({ min: 1000, max: 31 * DAY })
      .prefault(QUARTER_HOUR)
      .describe("Length of the sliding window."),
    maxRequests: maxRequests.describe("Requests in any window."),
    skipSuccessfulRequests: z
      .boolean()
      .prefault(skipSuccessfulRequests)
      .describe("Gives back requests that succeed: only failures count."),
    skipFailedRequests: z.boolean().prefault(false).describe("Gives back requests that fail: only successes count."),
  });
}

export const RateLimit = z
  .strictObject({
    enabled: z.boolean().prefault(true).describe("Applies the limits."),
    onStoreFailure: z
      .enum(["deny", "local"])
      .prefault("deny")
      .describe(
        "What happens to requests while the Redis of `REDIS_URL` does not answer: refused with 503, or counted by each process for itself.",
      ),
    global: limit(max().prefault(1000)).prefault({}).describe("All requests together."),
    perUser: limit(max().prefault(100), { skipSuccessfulRequests: true }).prefault({}).describe("Each user."),
    perChannel: limit(max().prefault(500)).prefault({}).describe("Each channel."),
    roleLimits: dictionary(limit(max())).prefault({}).describe("Each user of a role, by role name."),
    commandLimits: dictionary(limit(max())).prefault({}).describe("Each user of a command, by command name."),
  })
  .prefault({})
  .describe("Rate limits. When present, the file owns all of them.");
