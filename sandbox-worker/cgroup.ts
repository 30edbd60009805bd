/**
 * Reads a container's cgroup (v1 and v2) and the fill of its writable places from outside.
 * Works beside a local engine with enough rights; everywhere else each figure is null and nothing fails.
 */
import { closeSync, constants, openSync, readFileSync, statfsSync, watch, type FSWatcher } from "node:fs";
import { join } from "node:path";

export interface CgroupFacts {
  /** Now; the peaks are since the start. */
  memoryBytes: number | null;
  memoryPeakBytes: number | null;
  cpuMs: number | null;
  /** Processes and threads now. */
  processes: number | null;
  processesPeak: number | null;
  forksRefused: number | null;
  oomKills: number | null;
  /** Bytes in use in all writable places together, as last seen. */
  diskBytes: number | null;
  diskFull: boolean;
}

const MOUNT = "/sys/fs/cgroup";
/** File systems keep some blocks for themselves and refuse before the last one: less than this part of the size counts as full. */
const FULL_BELOW_PART = 1 / 128;

/** Watches one container from its start to after its end; the last figures seen stay readable. */
export class ContainerProbe {
  readonly #folders: CgroupFolders;
  readonly #places: number[];
  readonly #onForkRefused: (count: number) => void;
  #watcher: FSWatcher | null = null;
  #closed = false;
  #facts: CgroupFacts = {
    memoryBytes: null,
    memoryPeakBytes: null,
    cpuMs: null,
    processes: null,
    processesPeak: null,
    forksRefused: null,
    oomKills: null,
    diskBytes: null,
    diskFull: false,
  };

  /**
   * @param pid first process of the container as the host sees it; 0 = unknown
   * @param writable folders in the container to watch for being full
   * @param onForkRefused called with the total each time the process limit refuses a fork
   */
  constructor(pid: number, writable: readonly string[], onForkRefused: (count: number) => void) {
    this.#onForkRefused = onForkRefused;
    this.#folders = pid > 0 ? cgroupFolders(pid) : {};
    this.#places = pid > 0 ? writable.flatMap((path) => openFolder(pid, path)) : [];
    const { pids } = this.#folders;
    if (pids !== undefined) {
      try {
        // The kernel notifies changes of this file, so that a burst of refused forks is seen even when the program ends at once.
        this.#watcher = watch(join(pids, "pids.events"), (kind) => {
          this.sample();
          if (kind === "change" && (this.#facts.forksRefused ?? 0) === 0) {
            // The program is gone and the file with it, but the kernel had told of a refusal.
            this.#facts = { ...this.#facts, forksRefused: 1 };
            this.#onForkRefused(1);
          }
        });
        this.#watcher.on("error", () => undefined);
      } catch {
        // Older kernels lack the file; sampling still works.
      }
    }
    this.sample();
  }

  get facts(): CgroupFacts {
    return this.#facts;
  }

  /** Reads every figure again. A container that is gone leaves the last ones standing. */
  sample(): void {
    if (this.#closed) {
      return;
    }
    const { memory, cpu, pids } = this.#folders;
    const before = this.#facts;
    const forksRefused = keyed(pids, "pids.events", "max") ?? before.forksRefused;
    const cpuUsec = keyed(cpu, "cpu.stat", "usage_usec");
    const cpuNanos = number(cpu, "cpuacct.usage");
    const processes = number(pids, "pids.current");
    this.#facts = {
      memoryBytes: number(memory, "memory.current") ?? number(memory, "memory.usage_in_bytes") ?? before.memoryBytes,
      memoryPeakBytes: largest(
        before.memoryPeakBytes,
        number(memory, "memory.peak") ?? number(memory, "memory.max_usage_in_bytes"),
      ),
      cpuMs: largest(before.cpuMs, cpuUsec === null ? scaled(cpuNanos, 1e6) : scaled(cpuUsec, 1e3)),
      processes: processes ?? before.processes,
      processesPeak: largest(before.processesPeak, number(pids, "pids.peak") ?? processes),
      forksRefused,
      oomKills:
        keyed(memory, "memory.events", "oom_kill") ??
        keyed(memory, "memory.oom_control", "oom_kill") ??
        before.oomKills,
      ...this.#sampleDisk(before),
    };
    if (forksRefused !== null && forksRefused > (before.forksRefused ?? 0)) {
      this.#onForkRefused(forksRefused);
    }
  }

  #sampleDisk(before: CgroupFacts): Pick<CgroupFacts, "diskBytes" | "diskFull"> {
    let used = 0;
    let full = before.diskFull;
    try {
      for (const place of this.#places) {
        const { bsize, blocks, bfree, bavail, files, ffree } = statfsSync(`/proc/self/fd/${place}`);
        used += (blocks - bfree) * bsize;
        full ||= bavail < blocks * FULL_BELOW_PART || (files > 0 && ffree === 0);
      }
    } catch {
      return before;
    }
    return { diskBytes: this.#places.length === 0 ? null : used, diskFull: full };
  }

  /** Takes the last figures and lets go: until then the open folders keep the container's file systems alive. */
  close(): void {
    this.#watcher?.close();
    this.sample();
    if (!this.#closed) {
      this.#closed = true;
      this.#places.forEach((place) => closeSync(place));
    }
  }
}

interface CgroupFolders {
  memory?: string;
  cpu?: string;
  pids?: string;
}

/** Where the controllers that are read here hold the process; a controller that is not there is absent. */
export function cgroupFolders(pid: number): CgroupFolders {
  const lines = readText(`/proc/${pid}/cgroup`)?.trim().split("\n") ?? [];
  const folders: CgroupFolders = {};
  for (const line of lines) {
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === "" && path !== "") {
      const unified = join(MOUNT, path);
      folders.memory ??= unified;
      folders.cpu ??= unified;
      folders.pids ??= unified;
    }
    for (const controller of controllers.split(",")) {
      if (controller === "memory" || controller === "pids") {
        folders[controller] = join(MOUNT, controller, path);
      } else if (controller === "cpuacct") {
        folders.cpu = join(MOUNT, controller, path);
      }
    }
  }
  return folders;
}

/** The container's own folder, pinned: the descriptor answers after the container has ended. */
function openFolder(pid: number, path: string): number[] {
  try {
    return [openSync(`/proc/${pid}/root${path}`, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)];
  } catch {
    return [];
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function number(folder: string | undefined, file: string): number | null {
  const text = folder === undefined ? null : readText(join(folder, file));
  const value = text === null ? NaN : Number.parseInt(text, 10);
  return Number.isFinite(value) ? value : null;
}

function keyed(folder: string | undefined, file: string, key: string): number | null {
  const text = folder === undefined ? null : readText(join(folder, file));
  const line = text?.split("\n").find((candidate) => candidate.startsWith(`${key} `));
  return line === undefined ? null : Number(line.slice(key.length + 1));
}

const largest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);
const scaled = (value: number | null, divisor: number): number | null =>
  value === null ? null : Math.round(value / divisor);
