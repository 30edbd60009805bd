/**
 * How the disk limit is shared out over the places a program can write, and what holds it. Pure.
 * Memory-backed places count against the memory limit too, so they hold small limits only; larger ones need a file system of their own.
 */
import type { SandboxPolicy } from "#server/sandbox/policy.ts";

export interface DiskPlan {
  backend: "tmpfs" | "loop-ext4";
  workspaceBytes: number;
  tmpBytes: number;
  shmBytes: number;
}

export type DiskAnswer = { ok: true; plan: DiskPlan } | { ok: false; message: string };

const MiB = 1024 * 1024;
const PAGE = 4096;
const TMPFS_MAX_BYTES = 256 * MiB;

const pages = (bytes: number): number => Math.floor(bytes / PAGE) * PAGE;

export function planDisk(policy: SandboxPolicy, loopDisks: boolean): DiskAnswer {
  const { diskBytes, memoryBytes } = policy;
  const tmpBytes = pages(Math.min(64 * MiB, diskBytes / 4, memoryBytes / 8));
  const shmBytes = pages(Math.min(8 * MiB, diskBytes / 8, memoryBytes / 8));
  const workspaceBytes = pages(diskBytes - tmpBytes - shmBytes);
  if (diskBytes <= TMPFS_MAX_BYTES && diskBytes <= memoryBytes / 2) {
    return { ok: true, plan: { backend: "tmpfs", workspaceBytes, tmpBytes, shmBytes } };
  }
  if (loopDisks) {
    return { ok: true, plan: { backend: "loop-ext4", workspaceBytes, tmpBytes, shmBytes } };
  }
  const largest = Math.floor(Math.min(TMPFS_MAX_BYTES, memoryBytes / 2) / MiB);
  return {
    ok: false,
    message:
      `A disk limit of ${Math.ceil(diskBytes / MiB)} MiB cannot be enforced here: it needs loop devices, which need a worker that runs as root beside a local engine. ` +
      `Run the worker so, or set security.sandboxing.docker.limits.disk to at most "${largest}m".`,
  };
}
