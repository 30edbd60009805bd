/**
 * From policy to the engine's create request. Pure and snapshot-tested: this file decides what a container may do.
 * Threat: hostile code inside. Every field is set here from numbers; no text of a request or of the configuration is passed on, except
 * the image id and the granted network's name.
 */
import type { ContainerCreateOptions, MountSettings } from "dockerode";
import type { SandboxPolicy } from "#server/sandbox/policy.ts";
import type { RunLimits } from "#server/sandbox/schema.ts";
import type { DiskPlan } from "#worker/disk-plan.ts";
import { LAUNCHER } from "#worker/launch/launch-package.ts";
import { LINK_FOLDER } from "#worker/launch/launch-script.ts";
import { hostBinds, type HostMount } from "#worker/volumes.ts";

/** Labels by which containers and volumes are found again after a crash. */
export const LABEL = {
  sandbox: "openclaw.sandbox",
  /** One database = one instance; several may share an engine. */
  instance: "openclaw.instance",
  worker: "openclaw.worker",
  run: "openclaw.run",
  /** Name of a container that was made ahead, for a run that is not known yet. */
  pool: "openclaw.pool",
  /** Milliseconds since the epoch after which nothing may be left of it. */
  deadline: "openclaw.deadline",
} as const;

/** Whom a container is made for; by this it is named and found again. */
export type ContainerIdentity = { runId: string; attempt: number } | { poolEntry: string };

export interface ContainerSpec {
  policy: SandboxPolicy;
  plan: DiskPlan;
  /** Volume of the workspace; null = memory-backed. */
  volume: string | null;
  /** Paths of the host to read. */
  mounts: readonly HostMount[];
  /** The host's folder for the socket of the run; null = the program can reach nothing. */
  linkFolder: string | null;
  imageId: string;
  /** Seccomp profile as JSON text. */
  seccomp: string;
  identity: ContainerIdentity;
  workerId: string;
  instanceId: string;
  deadline: number;
}

// The type asks for fields that only matter when the engine makes the volume; ours is made beforehand.
const NO_COPY = { NoCopy: true } as MountSettings["VolumeOptions"];

/** Read-only keeps a program from putting anything there; it can connect to the socket all the same. */
const linkMount = (folder: string): MountSettings => ({
  Type: "bind",
  Source: folder,
  Target: LINK_FOLDER,
  ReadOnly: true,
  BindOptions: { Propagation: "rprivate" },
});

const containerName = (identity: ContainerIdentity): string =>
  "poolEntry" in identity ? `openclaw-pool-${identity.poolEntry}` : `openclaw-${identity.runId}-${identity.attempt}`;

export function containerSpec(spec: ContainerSpec): ContainerCreateOptions {
  const { policy, plan, identity } = spec;
  const account = `${policy.uid}:${policy.gid}`;
  return {
    name: containerName(identity),
    Image: spec.imageId,
    User: account,
    WorkingDir: "/workspace",
    Hostname: "sandbox",
    Entrypoint: ["/bin/sh", "-c", LAUNCHER],
    Cmd: [],
    Env: [
      "HOME=/workspace",
      "PATH=/usr/local/bin:/usr/bin:/bin",
      "LANG=C.UTF-8",
      "TMPDIR=/tmp",
      "PYTHONUNBUFFERED=1",
      "PYTHONDONTWRITEBYTECODE=1",
    ],
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    Healthcheck: { Test: ["NONE"] },
    Labels: {
      [LABEL.sandbox]: "1",
      [LABEL.instance]: spec.instanceId,
      [LABEL.worker]: spec.workerId,
      ...("poolEntry" in identity ? { [LABEL.pool]: identity.poolEntry } : { [LABEL.run]: identity.runId }),
      [LABEL.deadline]: String(spec.deadline),
    },
    HostConfig: {
      NetworkMode: policy.network,
      // Without this the host's resolver addresses would be readable in the container.
      ...(policy.network === "none" ? { Dns: ["127.0.0.1"] } : {}),
      Memory: policy.memoryBytes,
      MemorySwap: policy.memoryBytes,
      NanoCpus: Math.round(policy.cpuCores * 1e9),
      CpuShares: 512,
      PidsLimit: policy.processes,
      ReadonlyRootfs: policy.readonlyRoot,
      Init: true,
      IpcMode: "private",
      PidMode: "",
      UTSMode: "",
      ShmSize: plan.shmBytes,
      CapDrop: ["ALL"],
      CapAdd: [],
      Privileged: false,
      Devices: [],
      PublishAllPorts: false,
      SecurityOpt: ["no-new-privileges:true", `seccomp=${spec.seccomp}`],
      Tmpfs: {
        ...(spec.volume === null
          ? {
              "/workspace": `rw,exec,nosuid,nodev,size=${plan.workspaceBytes},nr_inodes=20000,uid=${policy.uid},gid=${policy.gid},mode=0700`,
            }
          : {}),
        "/tmp": `rw,noexec,nosuid,nodev,size=${plan.tmpBytes},nr_inodes=10000,mode=1777`,
      },
      Mounts: [
        ...(spec.volume === null
          ? []
          : [
              {
                Type: "volume",
                Source: spec.volume,
                Target: "/workspace",
                VolumeOptions: NO_COPY,
              } satisfies MountSettings,
            ]),
        ...hostBinds(spec.mounts),
        ...(spec.linkFolder === null ? [] : [linkMount(spec.linkFolder)]),
      ],
      Binds: [],
      // nproc is left alone: it counts per account across all containers. PidsLimit counts per container.
      Ulimits: [
        { Name: "nofile", Soft: 1024, Hard: 1024 },
        { Name: "core", Soft: 0, Hard: 0 },
      ],
      LogConfig: { Type: "none", Config: {} },
      RestartPolicy: { Name: "no" },
      AutoRemove: false,
      OomScoreAdj: 500,
      Runtime: policy.runtime,
    },
  };
}

/** The limits as they go into the run's record. */
export function effectiveLimits(policy: SandboxPolicy, plan: DiskPlan): RunLimits {
  return {
    memoryBytes: policy.memoryBytes,
    cpuCores: policy.cpuCores,
    processes: policy.processes,
    diskBytes: plan.diskBytes,
    diskBackend: plan.backend,
    timeoutMs: policy.timeoutMs,
    outputBytes: policy.outputBytes,
    network: policy.network,
    runtime: policy.runtime,
    readonlyRoot: policy.readonlyRoot,
    seccomp: "openclaw",
    user: `${policy.uid}:${policy.gid}`,
  };
}
