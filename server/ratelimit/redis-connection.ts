/** The connection to the shared store: answers fast or fails fast, never keeps a request waiting for better times, and comes back by itself. */
import { Redis } from "ioredis";
import { AppError, messageOf } from "#server/core/errors.ts";
import { readRedisUrl } from "#server/ratelimit/redis-address.ts";

/** A command waits no longer than this for its answer, and once as long for the commands sent before it (milliseconds). */
const ANSWER_WITHIN_MS = 240;
const CONNECT_WITHIN_MS = 2_000;
/** A connection that owes an answer this long is dead; a new one is made (milliseconds). */
const SILENCE_MS = 2_000;
const LONGEST_RETRY_DELAY_MS = 500;

/**
 * Connects and waits until Redis is ready to serve.
 * Errors of this client hold the command that failed, and that may be AUTH with the password: only their message may be shown or logged.
 * @throws AppError CONFIG_INVALID for a bad address, STORE_UNAVAILABLE when Redis is unreachable or refuses.
 */
export async function connectRedis(redisUrl: string): Promise<Redis> {
  const { host, port, username, password, db, tls } = readRedisUrl(redisUrl);
  const redis = new Redis({
    host,
    port,
    db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    protocol: 2,
    connectionName: "openclaw-limits",
    disableClientInfo: true,
    lazyConnect: true,
    enableOfflineQueue: false,
    // Requests of the same moment share one write and one read: half the cost of each.
    enableAutoPipelining: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: ANSWER_WITHIN_MS,
    connectTimeout: CONNECT_WITHIN_MS,
    socketTimeout: SILENCE_MS,
    retryStrategy: (times) => Math.min(50 * times, LONGEST_RETRY_DELAY_MS),
    // After a failover the old primary still answers, but takes no writes.
    reconnectOnError: (error) => error.message.startsWith("READONLY"),
  });
  let problem: unknown;
  redis.on("error", (error) => (problem = error));
  try {
    await redis.connect();
    return redis;
  } catch (error) {
    redis.disconnect();
    throw unusable(redisUrl, problem ?? error);
  }
}

/** What to tell who starts the gateway. @param problem what Redis or the network said. */
export function unusable(redisUrl: string, problem: unknown): AppError {
  const { host, port } = readRedisUrl(redisUrl);
  return new AppError(
    "STORE_UNAVAILABLE",
    `REDIS_URL: Redis at ${host} port ${port} cannot be used for the rate limits (${messageOf(problem)}). ` +
      "Start it, correct address, user and password in REDIS_URL, or unset the variable to count in this process alone.",
  );
}
