/**
 * The only reader of the process environment. Everything else receives values.
 * Purpose: each variable is validated, documented and overridable in one place, and a secret cannot leak by being read anywhere.
 */
import { homedir } from "node:os";
import { resolve } from "node:path";
import { z } from "zod";
import { AppError } from "#server/core/errors.ts";

const Env = z.object({
  /** Folder of configuration, data, logs, keys and backups. */
  OPENCLAW_HOME: z.string().min(1).optional(),
  /** Configuration file; default `<home>/config/openclaw.json5`. */
  OPENCLAW_CONFIG: z.string().min(1).optional(),
  /** Overrides `gateway.port` (set by `npm start -- --port N`). */
  OPENCLAW_PORT: z.coerce.number().int().min(0).max(65535).optional(),
  /** Connection of an external PostgreSQL for the owner of the schema; absent = the embedded server. */
  DATABASE_URL: z.string().min(1).optional(),
  /** Per-process connection with the least rights; set by the supervisor for each child. */
  OPENCLAW_DATABASE_URL: z.string().min(1).optional(),
  /** Least-rights connections of an external PostgreSQL whose owner may not create roles. */
  OPENCLAW_DATABASE_URL_APP: z.string().min(1).optional(),
  OPENCLAW_DATABASE_URL_WORKER: z.string().min(1).optional(),
  OPENCLAW_DATABASE_URL_SEALER: z.string().min(1).optional(),
  /** Master secret of the keyring, or a file that holds it; absent = `keys/master-secret` in the home. */
  OPENCLAW_MASTER_KEY: z.string().min(1).optional(),
  OPENCLAW_MASTER_KEY_FILE: z.string().min(1).optional(),
  /** What opens the keys of some purposes without the master secret; set by the supervisor for each child. */
  OPENCLAW_KEY_ACCESS: z.string().min(1).optional(),
  REDIS_URL: z.url().optional(),
  /** `unix:///var/run/docker.sock` or `tcp://host:port`, as the docker CLI reads it. */
  DOCKER_HOST: z.string().min(1).optional(),
  OPENCLAW_LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).optional(),
  NEXTAUTH_SECRET: z.string().min(32).optional(),
  NODE_ENV: z.string().optional(),
  CI: z.string().optional(),
});

export type Env = z.infer<typeof Env>;

/** Parses the environment. @throws AppError("CONFIG_INVALID") that names every bad variable, never its value. */
export function readEnv(source: NodeJS.ProcessEnv = process.env): Env {
  const present = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ""));
  const parsed = Env.safeParse(present);
  if (parsed.success) {
    return parsed.data;
  }
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new AppError("CONFIG_INVALID", `Environment: ${problems.join("; ")}. Correct the variable or unset it.`);
}

/** The value behind a configuration's `${NAME}` reference, or undefined when unset or empty. */
export function lookupVariable(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined || value === "" ? undefined : value;
}

/** Variables that change what a program of ours does, or what others see of it. Of these the value is no secret and is told. */
const TOLD = [
  "NODE_OPTIONS",
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "NODE_DEBUG",
  "NODE_EXTRA_CA_CERTS",
  "LD_PRELOAD",
  "LD_AUDIT",
  "LD_LIBRARY_PATH",
  "GLIBC_TUNABLES",
  "SSLKEYLOGFILE",
  "DOCKER_HOST",
  "DOCKER_TLS_VERIFY",
] as const;
/** Of these only the protocol and the host. */
const ADDRESSES = ["DATABASE_URL", "REDIS_URL"] as const;

/** Those of them that are set, for the security scan; `OPENCLAW_MASTER_KEY` without its value. */
export function riskyVariables(source: NodeJS.ProcessEnv = process.env): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of TOLD) {
    const value = source[name];
    if (value !== undefined && value !== "") {
      found.set(name, value);
    }
  }
  for (const name of ADDRESSES) {
    const url = URL.parse(source[name] ?? "");
    if (url !== null) {
      const sslMode = url.searchParams.get("sslmode");
      found.set(name, `${url.protocol}//${url.hostname}${sslMode === null ? "" : `?sslmode=${sslMode}`}`);
    }
  }
  if ((source["OPENCLAW_MASTER_KEY"] ?? "") !== "") {
    found.set("OPENCLAW_MASTER_KEY", "");
  }
  return found;
}

/** Tells next-auth, which looks in the environment only, the one origin it may build addresses from. */
export function pinAuthOrigin(origin: string): void {
  process.env["NEXTAUTH_URL"] = origin;
}

/** What any program may need of its surroundings: where things are, language, time, certificates, the engine. No secret has such a name. */
const SURROUNDINGS =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|CI|XDG_RUNTIME_DIR|SSL_CERT_(?:FILE|DIR)|NODE_EXTRA_CA_CERTS|NODE_ENV|NODE_OPTIONS|DOCKER_(?:HOST|CERT_PATH|TLS_VERIFY|CONFIG|CONTEXT)|OPENCLAW_(?:HOME|CONFIG|PORT|LOG_LEVEL))$/;

interface ChildEnvironmentOptions {
  /** Leaves out everything but the surroundings: whatever else is set may be a secret of another process, such as a provider's key. */
  bare?: boolean;
}

/** The environment for a child process: the parent's, with `changes` on top (undefined removes). */
export function childEnvironment(
  changes: Record<string, string | undefined>,
  { bare = false }: ChildEnvironmentOptions = {},
): NodeJS.ProcessEnv {
  const merged: NodeJS.ProcessEnv = { ...process.env };
  for (const name of bare ? Object.keys(merged) : []) {
    if (!SURROUNDINGS.test(name)) {
      delete merged[name];
    }
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) {
      delete merged[name];
    } else {
      merged[name] = value;
    }
  }
  return merged;
}

/** The OpenClaw home as an absolute path: `OPENCLAW_HOME`, else `~/.openclaw`. */
export function homeDirectory(env: Env = readEnv()): string {
  // The comment in the call keeps the page bundler from packing the whole folder because of a path it cannot know.
  return resolve(/*turbopackIgnore: true*/ env.OPENCLAW_HOME ?? resolve(homedir(), ".openclaw"));
}
