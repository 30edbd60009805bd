/** The client of the Docker Engine: where it is looked for and how its failures are told apart. Only this process holds one. */
import { finished } from "node:stream/promises";
import Docker from "dockerode";
import { AppError, messageOf } from "#server/core/errors.ts";

export interface EngineConnection {
  docker: Docker;
  /** As a person writes it in DOCKER_HOST. */
  endpoint: string;
  /** A unix socket: the engine shares this machine's kernel and devices. */
  local: boolean;
}

const DEFAULT_HOST = "unix:///var/run/docker.sock";

/** @param dockerHost DOCKER_HOST; undefined = the usual socket. @throws AppError CONFIG_INVALID for a form that is not supported. */
export function connectEngine(dockerHost: string = DEFAULT_HOST): EngineConnection {
  if (dockerHost.startsWith("unix://")) {
    return {
      docker: new Docker({ socketPath: dockerHost.slice("unix://".length) }),
      endpoint: dockerHost,
      local: true,
    };
  }
  const tcp = /^(?:tcp|http):\/\/([^/:]+|\[[0-9a-f:]+\]):(\d{1,5})\/?$/i.exec(dockerHost);
  if (tcp?.[1] === undefined) {
    throw new AppError(
      "CONFIG_INVALID",
      "DOCKER_HOST is not supported in this form. Use unix:///path/to/docker.sock or tcp://host:port.",
    );
  }
  return {
    docker: new Docker({ host: tcp[1], port: Number(tcp[2]), protocol: "http" }),
    endpoint: dockerHost,
    local: false,
  };
}

/** HTTP status of the engine's answer, or null when there was none: the engine cannot be reached. */
function engineStatusCode(error: unknown): number | null {
  return typeof error === "object" && error !== null && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : null;
}

/** True when the thing asked for does not exist (any more). */
export const isMissing = (error: unknown): boolean => engineStatusCode(error) === 404;

/** One line about why the engine did not answer, without the request. */
export const engineErrorText = (error: unknown): string => messageOf(error).slice(0, 200);

const CONNECTION_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOENT",
  "EACCES",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

const CONNECTION_CALLS = new Set(["connect", "read", "write", "getaddrinfo"]);

/** The engine took a call and never answered it. */
export class EngineSilentError extends Error {}

/**
 * The answer, or `EngineSilentError` after `ms`. Every call needs it: the client never settles when the connection breaks after the
 * engine has begun to answer.
 */
export async function withinLimit<T>(answer: Promise<T>, ms: number): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new EngineSilentError(`no answer within ${ms / 1000} s`)), ms);
  try {
    return await Promise.race([answer, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** True when a call of the client failed because the engine cannot be reached or did not answer. Only for errors of the client. */
export function isEngineGone(error: unknown): boolean {
  if (error instanceof EngineSilentError) {
    return true;
  }
  if (engineStatusCode(error) !== null || !(error instanceof Error)) {
    return false;
  }
  // The same codes also come from files and programs that are missing.
  const ofConnection = !("syscall" in error) || CONNECTION_CALLS.has(String(error.syscall));
  return ofConnection && "code" in error && CONNECTION_CODES.has(String(error.code));
}

/** Clocks of the engine and of this process may differ a little; the events of one container are few. */
const EVENT_MARGIN_S = 5;

/** Numbers of the signals the engine (its shutdown, or another client of it) sent the container within the last `sinceMs`, oldest first. */
export async function signalsByEngine(docker: Docker, containerId: string, sinceMs: number): Promise<string[]> {
  const now = Date.now() / 1000;
  const stream = await withinLimit(
    docker.getEvents({
      since: now - sinceMs / 1000 - EVENT_MARGIN_S,
      until: now,
      filters: { container: [containerId], event: ["kill"] },
    }),
    5_000,
  );
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  await withinLimit(finished(stream), 5_000);
  return Array.from(text.matchAll(/"signal":"(\d+)"/g), ([, signal = ""]) => signal);
}
