/**
 * Named sandbox profiles (SBX-1): which one a run gets, and what it says. Pure, browser-safe. A run carries a profile's name only; what the
 * name means is read by the worker from its own configuration.
 */
import type { SandboxingConfig } from "#server/sandbox/policy.ts";

/** `security.sandboxing.docker` as it is written. */
export const DEFAULT_PROFILE = "default";

export interface ProfileConfig {
  image?: string | undefined;
  digest?: string | undefined;
  runtime?: string | undefined;
  limits: {
    memory?: number | undefined;
    cpu?: number | undefined;
    disk?: number | undefined;
    processes?: number | undefined;
    timeout?: number | undefined;
    output?: number | undefined;
  };
  pool: { size?: number | undefined };
  /** Whether somebody else has to allow each run; absent: no. */
  approval?: "none" | "required" | undefined;
  models: ModelGrant;
  egress: { domains: readonly string[] };
}

/** Which models a run may use: `provider/model`, or a beginning with `*`; and how many tokens in and out together. */
export interface ModelGrant {
  allowed: readonly string[];
  maxTokens: number;
}

export interface ProfilesConfig extends SandboxingConfig {
  profiles: Readonly<Record<string, ProfileConfig>>;
  /** Profiles of a role, the first unless it asks for another. */
  roles: Readonly<Record<string, readonly string[]>>;
}

export const profileNames = ({ profiles }: Pick<ProfilesConfig, "profiles">): string[] => [
  DEFAULT_PROFILE,
  ...Object.keys(profiles).filter((name) => name !== DEFAULT_PROFILE),
];

/** What `role` may use; the first is its own. Never empty. */
export const profilesOfRole = ({ roles }: Pick<ProfilesConfig, "roles">, role: string): readonly string[] =>
  roles[role] ?? [DEFAULT_PROFILE];

/** The sandbox as the profile describes it; null = there is no such profile. */
export function sandboxingOf(config: ProfilesConfig, name: string): SandboxingConfig | null {
  const profile = config.profiles[name];
  if (profile === undefined) {
    return name === DEFAULT_PROFILE ? config : null;
  }
  const { docker } = config;
  const { image, digest, runtime, limits, pool } = profile;
  return {
    ...config,
    docker: {
      ...docker,
      // A pin belongs to its image.
      ...(image === undefined ? {} : { image, digest: undefined }),
      ...(digest === undefined ? {} : { digest }),
      ...(runtime === undefined ? {} : { runtime }),
      limits: { ...docker.limits, ...written(limits) },
      pool: { size: pool.size ?? (name === DEFAULT_PROFILE ? docker.pool.size : 0) },
    },
  };
}

/** Whether runs of the profile wait until somebody else has approved them. */
export const needsApproval = ({ profiles }: Pick<ProfilesConfig, "profiles">, name = DEFAULT_PROFILE): boolean =>
  profiles[name]?.approval === "required";

const NO_GRANTS = { models: { allowed: [], maxTokens: 0 }, egress: { domains: [] } };

/** What the profile lets a program reach outside its container; nothing unless it is written. */
export function grantsOf(config: ProfilesConfig, name: string): Pick<ProfileConfig, "models" | "egress"> {
  const { models, egress } = config.profiles[name] ?? NO_GRANTS;
  return { models, egress };
}

function written(limits: ProfileConfig["limits"]): Partial<SandboxingConfig["docker"]["limits"]> {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
