/**
 * Rules about the sandbox (SBX-1, SBX-3, SBX-4, SBX-8 to SBX-11). What a run would refuse is an error here already, told by the very rules
 * that the run obeys; what it accepts with a drawback is a warning.
 */
import type { Path } from "#server/config/json5/value.ts";
import type { Finding } from "#server/config/problems.ts";
import type { Config } from "#server/config/schema.ts";
import { sandboxingOf, sandboxPolicy, type PolicyProblem, type ProfilesConfig } from "#server/sandbox/policy.ts";

/** Threads that Node needs to start. */
const NODE_PROCESSES = 16;

const BASE = ["security", "sandboxing"] as const;
const DOCKER = [...BASE, "docker"] as const;
const VOLUMES = [...DOCKER, "volumes"] as const;

export function sandboxFindings({ security }: Config): Finding[] {
  const { sandboxing } = security;
  const { enabled, docker } = sandboxing;
  // Switched off is a choice that refuses every run by itself; the rest is to be right all the same.
  const answer = sandboxPolicy({ ...sandboxing, enabled: true });
  const own = answer.ok ? [] : answer.problems;
  const refused = [
    ...own.map(errorOf),
    ...Object.keys(sandboxing.profiles).flatMap((name) => inProfile(sandboxing, name, own)),
  ];
  const drawbacks: [applies: boolean, path: Path, reason: string, fix: string][] = [
    [
      !enabled,
      [...BASE, "enabled"],
      "refuses every run, because nothing is ever executed outside a sandbox",
      "Remove the key or set it to true to let agents run.",
    ],
    [
      answer.ok && docker.network !== "none",
      [...DOCKER, "network"],
      "gives every run network access",
      'Use "none" unless agents need it.',
    ],
    [
      !docker.readonly,
      [...DOCKER, "readonly"],
      "lets a run write to the root file system of its container",
      "Remove the key or set it to true; /workspace and /tmp stay writable.",
    ],
    [
      docker.limits.processes < NODE_PROCESSES,
      [...DOCKER, "limits", "processes"],
      `is too low for Node, which needs at least ${NODE_PROCESSES} because threads count`,
      "Raise it to 64; Python and shell scripts run with less.",
    ],
  ];
  const warnings = drawbacks
    .filter(([applies]) => applies)
    .map(([, path, reason, fix]): Finding => ({ severity: "warning", path, reason, fix }));
  return [...refused, ...warnings];
}

/** What a profile adds to the problems there are without it. */
function inProfile(sandboxing: ProfilesConfig, name: string, known: readonly PolicyProblem[]): Finding[] {
  const profile = sandboxingOf({ ...sandboxing, enabled: true }, name);
  const answer = profile === null ? null : sandboxPolicy(profile);
  if (answer === null || answer.ok) {
    return [];
  }
  const docker = `${DOCKER.join(".")}.`;
  return answer.problems
    .filter(({ path, message }) => !known.some((other) => other.path === path && other.message === message))
    .map((problem) => {
      const { reason, fix } = errorOf(problem);
      const path = [...BASE, "profiles", name, ...problem.path.slice(docker.length).split(".")];
      return { severity: "error", path, reason, fix };
    });
}

function errorOf({ path, message }: PolicyProblem): Finding {
  const volumes = `${VOLUMES.join(".")}.`;
  return {
    severity: "error",
    path: path.startsWith(volumes) ? [...VOLUMES, path.slice(volumes.length)] : path.split("."),
    reason: message.replace(/\.$/, ""),
    fix: "Correct it, or remove the key to use the default.",
  };
}
