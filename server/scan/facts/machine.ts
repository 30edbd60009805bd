/** The machine and the process that looks: what the kernel tells. Where a system does not have a figure, the fact is null. */
import { readFileSync, statSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { riskyVariables } from "#server/core/env.ts";
import type { HomePaths } from "#server/core/paths.ts";
import type { MachineFacts } from "#server/scan/facts/sources.ts";

const ENGINE_SOCKETS = ["/var/run/docker.sock", "/run/podman/podman.sock"];

export function machineFacts(paths: Pick<HomePaths, "home">): MachineFacts {
  const random = text("/proc/sys/kernel/randomize_va_space");
  return {
    uid: process.getuid?.() ?? null,
    homeOwner: statSync(paths.home, { throwIfNoEntry: false })?.uid ?? null,
    umask: process.umask(),
    node: process.versions.node,
    variables: riskyVariables(),
    coreLimit: coreLimitOf(text("/proc/self/limits")),
    corePattern: text("/proc/sys/kernel/core_pattern")?.trim() ?? null,
    plainSwap: plainSwapOf(text("/proc/swaps")),
    addressRandomisation: random === null ? null : Number(random.trim()),
    openEngineSocket: ENGINE_SOCKETS.find((socket) => ((modeOf(socket) ?? 0) & 0o002) !== 0) ?? null,
    memoryBytes: totalmem(),
    cpus: availableParallelism(),
  };
}

/** From `/proc/self/limits`. */
function coreLimitOf(limits: string | null): number | null {
  const soft = /^Max core file size\s+(\S+)/m.exec(limits ?? "")?.[1];
  return soft === undefined ? null : soft === "unlimited" ? Infinity : Number(soft);
}

/** From `/proc/swaps`: device-mapper places are taken for encrypted, zram lies in memory. */
function plainSwapOf(swaps: string | null): string[] {
  return (swaps ?? "")
    .split("\n")
    .slice(1)
    .map((line) => line.split(/\s+/)[0] ?? "")
    .filter((place) => place !== "" && !/^\/dev\/(?:dm-|mapper\/|zram)/.test(place));
}

function text(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

const modeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mode;
