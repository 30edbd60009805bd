/**
 * From the configuration to what a container may be: every field in numbers, or a refusal that names the key. Pure, browser-safe.
 * Threat: a configuration that quietly opens the sandbox (host network, unconfined seccomp, a bind of the engine's socket).
 * What is not known to be safe is refused; nothing is passed on to the engine as written.
 */
import { SCRATCH_PATHS, volumeProblem } from "#server/sandbox/volume-policy.ts";

export { SCRATCH_PATHS } from "#server/sandbox/volume-policy.ts";
export {
  DEFAULT_PROFILE,
  grantsOf,
  needsApproval,
  profileNames,
  profilesOfRole,
  sandboxingOf,
  type ProfilesConfig,
} from "#server/sandbox/profiles.ts";

/** The part of the configuration that is read here; sizes in bytes, times in ms, cpu in cores. */
export interface SandboxingConfig {
  enabled: boolean;
  type: string;
  docker: {
    image: string;
    /** `sha256:…` the image must have; absent = any. */
    digest?: string | undefined;
    network: string;
    /** Grants a network other than `none`: one edit alone does not open the sandbox. */
    allowNetwork: boolean;
    readonly: boolean;
    runtime?: string | undefined;
    /** Containers kept started ahead; 0 = none. */
    pool: { size: number };
    limits: {
      memory: number;
      cpu: number;
      disk?: number | undefined;
      processes?: number | undefined;
      timeout: number;
      output: number;
    };
    volumes: Readonly<Record<string, { target: string; mode: "ro" | "rw" }>>;
    securityOpt: readonly string[];
    user: string;
    group: string;
  };
}

/** A path of the host that containers may read. */
export interface VolumeMount {
  /** As written in the configuration. */
  source: string;
  target: string;
}

export interface SandboxPolicy {
  image: string;
  digest: string | null;
  network: string;
  /** OCI runtime by its engine name, `runc` or `runsc`. */
  runtime: string;
  readonlyRoot: boolean;
  /** Memory and swap together. */
  memoryBytes: number;
  cpuCores: number;
  /** Everything the program can write, all places together; null = as much as this machine can hold, up to the default. */
  diskBytes: number | null;
  processes: number;
  timeoutMs: number;
  outputBytes: number;
  uid: number;
  gid: number;
  volumes: readonly VolumeMount[];
}

export interface PolicyProblem {
  /** Configuration path. */
  path: string;
  /** What is wrong and what to write instead. */
  message: string;
}

export type PolicyAnswer = { ok: true; policy: SandboxPolicy } | { ok: false; problems: PolicyProblem[] };

const ROOT = "security.sandboxing";
const MiB = 1024 * 1024;
/** Debian's `nobody:nogroup`; given as a number because an image need not know the names. */
const NOBODY = 65534;
/** The disk limit when none is written, where the worker can hold that much. */
export const DEFAULT_DISK_BYTES = 1024 * MiB;
const DEFAULT_PROCESSES = 64;
/** gVisor's own threads count: up to 75 with a small program on two cores. With 64 no run of 15 came to an end of its own. */
const GVISOR_MIN_PROCESSES = 128;

export function sandboxPolicy(config: SandboxingConfig): PolicyAnswer {
  const { docker } = config;
  const { limits } = docker;
  const problems: PolicyProblem[] = [];
  const refuse = (key: string, message: string): void => void problems.push({ path: `${ROOT}.${key}`, message });

  if (!config.enabled) {
    refuse("enabled", "is false: runs are refused, because nothing is ever executed on the host. Set it to true.");
  }
  if (config.type !== "docker") {
    refuse("type", 'only "docker" is supported.');
  }
  const runtime = docker.runtime ?? "runc";
  if (runtime !== "runc" && runtime !== "runsc") {
    refuse("docker.runtime", 'must be "runc" or "runsc".');
  }
  if (!IMAGE_NAME.test(docker.image)) {
    refuse("docker.image", "is not an image name such as openclaw/sandbox:latest.");
  }
  if (docker.digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(docker.digest)) {
    refuse("docker.digest", "must be sha256: and 64 hexadecimal digits.");
  }
  const network = networkProblem(docker.network, docker.allowNetwork);
  if (network !== null) {
    refuse("docker.network", network);
  }
  const volumes: VolumeMount[] = [];
  for (const [source, { target, mode }] of Object.entries(docker.volumes)) {
    const isScratch = SCRATCH_PATHS.some((known) => known === source && known === target) && mode === "rw";
    const problem = isScratch ? null : volumeProblem({ source, target, mode }, volumes);
    if (problem !== null) {
      refuse(`docker.volumes.${source}`, problem);
    } else if (!isScratch) {
      volumes.push({ source, target });
    }
  }
  for (const option of docker.securityOpt) {
    const problem = securityOptionProblem(option);
    if (problem !== null) {
      refuse("docker.securityOpt", problem);
    }
  }
  const uid = accountId(docker.user, ["nobody"]);
  if (uid === null) {
    refuse("docker.user", 'must be "nobody" or a numeric id above 0.');
  }
  const gid = accountId(docker.group, ["nogroup", "nobody"]);
  if (gid === null) {
    refuse("docker.group", 'must be "nogroup" or a numeric id above 0.');
  }
  const processes = limits.processes ?? DEFAULT_PROCESSES;
  const ranges: [key: string, value: number, low: number, high: number, unit: string][] = [
    ["memory", limits.memory, 16 * MiB, 1024 ** 4, "bytes"],
    ["cpu", limits.cpu, 0.01, 1024, "cores"],
    ["disk", limits.disk ?? DEFAULT_DISK_BYTES, 4 * MiB, 1024 ** 4, "bytes"],
    ["processes", processes, 4, 32_768, "processes"],
    ["timeout", limits.timeout, 100, 24 * 3600_000, "ms"],
    ["output", limits.output, 1024, 64 * MiB, "bytes"],
  ];
  for (const [key, value, low, high, unit] of ranges) {
    if (!(value >= low && value <= high)) {
      refuse(`docker.limits.${key}`, `must be ${low} to ${high} ${unit}.`);
    }
  }
  if (runtime === "runsc" && processes < GVISOR_MIN_PROCESSES) {
    refuse("docker.limits.processes", `must be at least ${GVISOR_MIN_PROCESSES} with runsc, whose own threads count.`);
  }
  if (problems.length > 0 || uid === null || gid === null) {
    return { ok: false, problems };
  }
  return {
    ok: true,
    policy: {
      image: docker.image,
      digest: docker.digest ?? null,
      network: docker.network,
      runtime,
      readonlyRoot: docker.readonly,
      memoryBytes: limits.memory,
      cpuCores: limits.cpu,
      diskBytes: limits.disk ?? null,
      processes,
      timeoutMs: limits.timeout,
      outputBytes: limits.output,
      uid,
      gid,
      volumes,
    },
  };
}

const IMAGE_NAME =
  /^[a-z0-9]+(?:[._-][a-z0-9]+)*(?::\d{1,5})?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

/** Names that share another namespace with the container, however they are written. */
function networkProblem(network: string, granted: boolean): string | null {
  if (network === "none") {
    return null;
  }
  const name = network.trim().toLowerCase();
  if (name === "host" || name === "container" || /^(container|ns|path):/.test(name)) {
    return `"${network}" shares the network of the host or of another container and is always refused. Use "none".`;
  }
  if (!/^[a-z0-9][a-z0-9_.-]{0,62}$/.test(network)) {
    return `"${network}" is not a network name. Use "none".`;
  }
  return granted
    ? null
    : `"${network}" opens the network to programs and needs a grant: set ${ROOT}.docker.allowNetwork to true as well, or use "none".`;
}

function securityOptionProblem(option: string): string | null {
  switch (option) {
    case "no-new-privileges":
    case "no-new-privileges:true":
    case "no-new-privileges=true":
    // Both names of the engine's own profile stand for ours here: it is a subset of the engine's.
    case "seccomp:default":
    case "seccomp=default":
    case "seccomp:builtin":
    case "seccomp=builtin":
      return null;
    default:
      return `"${option}" is refused: only "no-new-privileges:true" and "seccomp:default" are accepted, and both always hold.`;
  }
}

function accountId(written: string, nobody: readonly string[]): number | null {
  if (nobody.includes(written)) {
    return NOBODY;
  }
  return /^[1-9]\d{0,9}$/.test(written) && Number(written) < 2 ** 31 ? Number(written) : null;
}
