import { describe, expect, it } from "vitest";
import { AppError } from "#server/core/errors.ts";
import { readRedisUrl } from "#server/ratelimit/redis-address.ts";

describe("RATE-6 REDIS_URL", () => {
  it.each([
    ["redis://cache", { host: "cache", port: 6379, username: undefined, password: undefined, db: 0, tls: false }],
    ["redis://cache:7000/", { host: "cache", port: 7000, db: 0 }],
    ["redis://:p%40ss@cache/3", { username: undefined, password: "p@ss", db: 3 }],
    [
      "rediss://gate:s3cret@[::1]:6380/15",
      { host: "::1", port: 6380, username: "gate", password: "s3cret", tls: true },
    ],
  ])("%s", (written, expected) => {
    expect(readRedisUrl(written)).toMatchObject(expected);
  });

  it.each([
    ["http://:s3cret@cache", "redis:// or rediss://"],
    ["not an address s3cret", "redis:// or rediss://"],
    ["redis://:s3cret@", "redis:// or rediss://"],
    ["redis:///3", "no host"],
    ["redis://:s3cret@cache/first", "not a number"],
    ["redis://:s3cret@cache/-1", "not a number"],
    ["redis://:s3cret@cache?tls=false", "behind the database"],
    ["redis://:s3cret@cache#s3cret", "behind the database"],
    ["redis://:s3cret%@cache", "percent-encoded"],
  ])("refuses %s and does not repeat it", (written, problem) => {
    const read = (): unknown => readRedisUrl(written);
    expect(read).toThrow(AppError);
    expect(read).toThrow(problem);
    expect(read).toThrow(/^REDIS_URL (?!.*s3cret)/);
  });
});
