/**
 * How the disk limit is shared out over the places a program can write, and what holds it. Pure.
 * Memory-backed places count against the memory limit too, so they hold small limits only; larger ones need a file system of their own.
 */
import { DEFAULT_DISK_BYTES, type SandboxPolicy } from "#server/sandbox/policy.ts";

export interface DiskPlan {
  backend: "tmpfs" | "loop-ext4";
  /** The limit as held: the sum of the places. */
  diskBytes: number;
  workspaceBytes: number;
  tmpBytes: number;
  shmBytes: number;
}

export type DiskAnswer = { ok: true; plan: DiskPlan } | { ok: false; message: string };

const MiB = 1024 * 1024;
const PAGE = 4096;
const TMPFS_MAX_BYTES = 256 * MiB;

const pages = (bytes: number): number => Math.floor(bytes / PAGE) * PAGE;

/** A limit that was written is held as written or refused; the default adapts to what can be held. */
export function planDisk(policy: SandboxPolicy, loopDisks: boolean): DiskAnswer {
  const { memoryBytes } = policy;
  const largestInMemory = pages(Math.min(TMPFS_MAX_BYTES, memoryBytes / 2));
  const diskBytes = policy.diskBytes ?? (loopDisks ? DEFAULT_DISK_BYTES : largestInMemory);
  if (diskBytes <= largestInMemory) {
    return { ok: true, plan: share("tmpfs", diskBytes, memoryBytes) };
  }
  if (loopDisks) {
    return { ok: true, plan: share("loop-ext4", diskBytes, memoryBytes) };
  }
  return {
    ok: false,
    message:
      `A disk limit of ${Math.ceil(diskBytes / MiB)} MiB cannot be enforced here: it needs loop devices, which need a worker that runs as root beside a local engine. ` +
      `Run the worker so, or set security.sandboxing.docker.limits.disk to at most "${Math.floor(largestInMemory / MiB)}m".`,
  };
}

function share(backend: DiskPlan["backend"], diskBytes: number, memoryBytes: number): DiskPlan {
  const tmpBytes = pages(Math.min(64 * MiB, diskBytes / 4, memoryBytes / 8));
  const shmBytes = pages(Math.min(8 * MiB, diskBytes / 8, memoryBytes / 8));
  return { backend, diskBytes, workspaceBytes: pages(diskBytes - tmpBytes - shmBytes), tmpBytes, shmBytes };
}
