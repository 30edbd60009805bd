/** `REDIS_URL` taken apart by ourselves: a client's own reading accepts options in the query that nobody has looked at. */
import { AppError } from "#server/core/errors.ts";

export interface RedisAddress {
  host: string;
  port: number;
  username: string | undefined;
  password: string | undefined;
  /** Number of the logical database. */
  db: number;
  tls: boolean;
}

const DEFAULT_PORT = 6379;
const FORM = "Write redis://[user:password@]host[:port][/database], or rediss:// for TLS.";

/** @throws AppError CONFIG_INVALID that says what is wrong, without any part of the value that could be a secret. */
export function readRedisUrl(written: string): RedisAddress {
  const url = URL.parse(written);
  if (url === null || (url.protocol !== "redis:" && url.protocol !== "rediss:")) {
    throw invalid("is not a redis:// or rediss:// address");
  }
  if (url.hostname === "") {
    throw invalid("names no host");
  }
  if (url.search !== "" || url.hash !== "") {
    throw invalid("has something behind the database's number");
  }
  const path = url.pathname.replace(/^\//, "");
  if (!/^\d{0,5}$/.test(path)) {
    throw invalid("names a database that is not a number");
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? DEFAULT_PORT : Number(url.port),
    username: credential(url.username),
    password: credential(url.password),
    db: Number(path),
    tls: url.protocol === "rediss:",
  };
}

function credential(encoded: string): string | undefined {
  try {
    return encoded === "" ? undefined : decodeURIComponent(encoded);
  } catch {
    throw invalid("has a user or password that is not percent-encoded correctly");
  }
}

function invalid(problem: string): AppError {
  return new AppError("CONFIG_INVALID", `REDIS_URL ${problem}. ${FORM}`);
}
