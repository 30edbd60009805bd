/** Rules about the sandbox (SBX-1, SBX-3, SBX-8 to SBX-11). Lexical: the worker checks real paths again before each run. */
import type { Finding } from "#server/config/problems.ts";
import type { Config } from "#server/config/schema.ts";

/** Threads that Node needs to start; gVisor takes some more for itself. */
const MIN_PROCESSES = { runc: 16, runsc: 32 } as const;

const SYSTEM_PATHS = ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/usr", "/var/lib", "/var/run"];

const base = ["security", "sandboxing"] as const;
const docker = [...base, "docker"] as const;

export function sandboxFindings({ security }: Config): Finding[] {
  const { enabled, docker: settings } = security.sandboxing;
  const findings = [
    ...networkModeFindings(settings),
    ...limitFindings(settings),
    ...optionFindings(settings.securityOpt),
    ...accountFindings(settings),
    ...volumeFindings(settings.volumes),
  ];
  if (!enabled) {
    findings.push({
      severity: "warning",
      path: [...base, "enabled"],
      reason: "refuses every run, because nothing is ever executed outside a sandbox",
      fix: "Remove the key or set it to true to let agents run.",
    });
  }
  if (!settings.readonly) {
    findings.push({
      severity: "warning",
      path: [...docker, "readonly"],
      reason: "lets a run write to the root file system of its container",
      fix: "Remove the key or set it to true; /workspace and /tmp stay writable.",
    });
  }
  return findings;
}

type Docker = Config["security"]["sandboxing"]["docker"];

function networkModeFindings({ network, allowNetwork }: Docker): Finding[] {
  const mode = network.toLowerCase();
  const path = [...docker, "network"];
  if (mode === "none") {
    return [];
  }
  if (mode === "host" || mode.startsWith("container:") || mode.startsWith("ns:")) {
    return [{ severity: "error", path, reason: "would share a network with the host or another container", fix: 'Use "none".' }];
  }
  return allowNetwork
    ? [{ severity: "warning", path, reason: "gives every run network access", fix: 'Use "none" unless agents need it.' }]
    : [
        {
          severity: "error",
          path,
          reason: "needs an explicit grant",
          fix: 'Use "none", or set security.sandboxing.docker.allowNetwork to true.',
        },
      ];
}

function limitFindings({ limits, runtime }: Docker): Finding[] {
  const least = MIN_PROCESSES[runtime];
  return limits.processes >= least
    ? []
    : [
        {
          severity: "warning",
          path: [...docker, "limits", "processes"],
          reason: `is too low for Node, which needs at least ${least} with ${runtime} because threads count`,
          fix: "Raise it to 64; Python and shell scripts run with less.",
        },
      ];
}

function optionFindings(options: readonly string[]): Finding[] {
  return options.flatMap((option, index): Finding[] => {
    const [name = "", value = ""] = option.toLowerCase().split(/[:=](.*)/s).map((part) => part.trim());
    const path = [...docker, "securityOpt", index];
    if (name === "no-new-privileges" && ["", "true"].includes(value)) {
      return [];
    }
    if (name === "seccomp" && ["default", "builtin"].includes(value)) {
      return [];
    }
    const reason =
      value === "unconfined" || value === "false" ? "would remove a protection of the sandbox" : "is not an option the gateway applies";
    return [{ severity: "error", path, reason, fix: 'Use "no-new-privileges:true" and "seccomp:default".' }];
  });
}

function accountFindings({ user, group }: Docker): Finding[] {
  return Object.entries({ user, group })
    .filter(([, account]) => /^(?:root|0+)$/i.test(account))
    .map(([key]) => ({
      severity: "error",
      path: [...docker, key],
      reason: "must not be root",
      fix: key === "user" ? 'Use "nobody".' : 'Use "nogroup".',
    }));
}

function volumeFindings(volumes: Docker["volumes"]): Finding[] {
  return Object.entries(volumes).flatMap(([host, { target }]): Finding[] => {
    const path = [...docker, "volumes", host];
    const outside = normalise(host);
    const inside = normalise(target);
    if (outside.includes("docker.sock") || isSystemPath(outside)) {
      return [{ severity: "error", path, reason: "would open a system path of the host to agents", fix: "Share a folder of your own." }];
    }
    return isSystemPath(inside)
      ? [{ severity: "error", path, reason: "would cover a system path of the container", fix: 'Use a target such as "/workspace:rw".' }]
      : [];
  });
}

function isSystemPath(path: string): boolean {
  return path === "/" || SYSTEM_PATHS.some((system) => path === system || path.startsWith(`${system}/`));
}

/** Resolves `.`, `..` and doubled slashes without looking at the disk. */
function normalise(path: string): string {
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") {
      kept.pop();
    } else if (part !== "" && part !== ".") {
      kept.push(part);
    }
  }
  return `${path.startsWith("/") ? "/" : ""}${kept.join("/")}`;
}
