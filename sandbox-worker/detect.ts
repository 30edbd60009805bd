/**
 * Signs that a program tried to leave its container, from what the host sees; nothing a program writes counts.
 *  - calls our seccomp profile kills for, as the kernel's log tells them (`kernel-log.ts`: true but not complete);
 *  - processes in the container's cgroup that have other namespaces, another account or capabilities than they can have.
 * A killed process is ours for certain when it was seen in the container's cgroup; the kernel's record names no container. A process that
 * lived too short to be seen makes every container that ran at that moment suspect, and the record says so.
 * Refused calls (EPERM) and other failed probes leave no trace on the host: the engine drops the filter flag that would log them.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { AuditData } from "#server/audit/schema.ts";
import { cgroupFolders } from "#worker/cgroup.ts";
import { callName } from "#worker/killed-call.ts";
import type { KernelLog, KilledCall } from "#worker/kernel-log.ts";

export interface Detection {
  event: "sandbox.escape_attempt" | "sandbox.escape_suspected" | "sandbox.container_drift" | "sandbox.foreign_action";
  reason: "forbidden_call" | "stray_process" | "drift" | "foreign_client";
  evidence: AuditData;
}

/** A process in the container's cgroup as the host sees it. */
export interface ProcessFacts {
  pid: number;
  uid: number;
  /** Effective capabilities, hexadecimal; zeros = none. */
  capabilities: string;
  /** Identities of its namespaces, by kind. */
  namespaces: Readonly<Record<string, string>>;
}

type StrayKind = "namespace" | "account" | "capabilities";

const NAMESPACES = ["mnt", "pid", "net", "user"] as const;
const SAMPLE_FIRST_MS = 10;
const SAMPLE_MAX_MS = 100;
/** The kernel stamps its records with a clock that is up to one tick behind. */
const CLOCK_TICK_MS = 10;

/** What `process` has that no process of a container can have, compared with the container's first one. */
export function strayKinds(first: ProcessFacts, process: ProcessFacts): StrayKind[] {
  const kinds: StrayKind[] = [];
  if (Object.entries(first.namespaces).some(([kind, id]) => process.namespaces[kind] !== id)) {
    kinds.push("namespace");
  }
  if (process.uid !== first.uid) {
    kinds.push("account");
  }
  if (!/^0+$/.test(process.capabilities)) {
    kinds.push("capabilities");
  }
  return kinds;
}

interface Sighting {
  from: number;
  to: number;
  pids: ReadonlySet<number>;
}

/**
 * Whose killed calls these are.
 * @param own the container asked about
 * @param others containers that ran at the same time
 */
export function detectionsOf(
  killed: readonly KilledCall[],
  own: Sighting,
  others: readonly Sighting[],
  strays: ReadonlyMap<StrayKind, number>,
): Detection[] {
  const within = killed.filter(({ at }) => at >= own.from - CLOCK_TICK_MS && at <= own.to);
  const certain = within.filter(({ pid }) => own.pids.has(pid));
  const open = within.filter(({ pid }) => !own.pids.has(pid) && !others.some(({ pids }) => pids.has(pid)));
  const detections: Detection[] = [];
  if (strays.size > 0) {
    const evidence = { processes: Object.fromEntries(strays) };
    detections.push({ event: "sandbox.escape_attempt", reason: "stray_process", evidence });
  }
  if (certain.length > 0) {
    detections.push({
      event: "sandbox.escape_attempt",
      reason: "forbidden_call",
      evidence: { calls: countNames(certain) },
    });
  }
  if (open.length > 0) {
    const beside = others.filter(({ from, to }) => open.some(({ at }) => at >= from - CLOCK_TICK_MS && at <= to));
    const evidence = { calls: countNames(open), containersAtThatTime: beside.length + 1 };
    detections.push({ event: "sandbox.escape_suspected", reason: "forbidden_call", evidence });
  }
  return detections;
}

function countNames(calls: readonly KilledCall[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of calls.map(callName)) {
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** One per worker: containers that run side by side explain each other's records. */
export class EscapeMonitor {
  readonly #log: KernelLog | null;
  #watches: EscapeWatch[] = [];

  /** @param log null where it cannot be read: then only processes are watched. */
  constructor(log: KernelLog | null) {
    this.#log = log;
  }

  /**
   * Watches a started container until `end`.
   * @param pid its first process as the host sees it; 0 = unknown, then nothing is seen
   * @param sharesKernel false for a runtime with a kernel of its own: its helpers are no processes of the program
   */
  watch(pid: number, sharesKernel: boolean): EscapeWatch {
    const watch = new EscapeWatch(pid, sharesKernel, (own) => this.#judge(own));
    const earliest = Math.min(Date.now(), ...this.#watches.filter(({ open }) => open).map(({ from }) => from));
    this.#watches = [...this.#watches.filter(({ to }) => to >= earliest), watch];
    return watch;
  }

  #judge(own: EscapeWatch): Detection[] {
    const killed = this.#log?.killedBetween(own.from - CLOCK_TICK_MS, own.to) ?? [];
    const others = this.#watches.filter((other) => other !== own);
    return detectionsOf(killed, own, others, own.strays);
  }
}

export class EscapeWatch implements Sighting {
  readonly from = Date.now();
  readonly pids = new Set<number>();
  /** Processes seen, by what is wrong with them. */
  readonly strays = new Map<StrayKind, number>();
  readonly #first: ProcessFacts | null;
  readonly #folder: string | undefined;
  readonly #judge: (own: EscapeWatch) => Detection[];
  #doubtful = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #endedAt: number | null = null;

  constructor(pid: number, sharesKernel: boolean, judge: (own: EscapeWatch) => Detection[]) {
    this.#judge = judge;
    this.#first = pid > 0 && sharesKernel ? processFacts(pid) : null;
    this.#folder = pid > 0 ? cgroupFolders(pid).pids : undefined;
    this.#sampleIn(0);
  }

  get open(): boolean {
    return this.#endedAt === null;
  }

  /** Now, while it is open. */
  get to(): number {
    return this.#endedAt ?? Date.now();
  }

  /** Stops watching and says what was seen; empty for an ordinary program. */
  end(): Detection[] {
    clearTimeout(this.#timer);
    this.#endedAt ??= Date.now();
    return this.#judge(this);
  }

  #sampleIn(ms: number): void {
    if (this.#folder !== undefined) {
      this.#sample(this.#folder);
      this.#timer = setTimeout(
        () => this.#sampleIn(Math.min(Math.max(ms * 2, SAMPLE_FIRST_MS), SAMPLE_MAX_MS)),
        Math.max(ms, SAMPLE_FIRST_MS),
      );
    }
  }

  #sample(folder: string): void {
    const doubtful = new Set<string>();
    for (const pid of processesIn(folder)) {
      this.pids.add(pid);
      const facts = this.#first === null ? null : processFacts(pid);
      for (const kind of this.#first === null || facts === null ? [] : strayKinds(this.#first, facts)) {
        const name = `${pid} ${kind}`;
        doubtful.add(name);
        // The runtime's own process is for a moment in the group with its full rights: only what is seen twice in a row counts, once.
        if (this.#doubtful.has(name) && !this.#doubtful.has(`${name} counted`)) {
          this.strays.set(kind, (this.strays.get(kind) ?? 0) + 1);
        }
        if (this.#doubtful.has(name)) {
          doubtful.add(`${name} counted`);
        }
      }
    }
    this.#doubtful = doubtful;
  }
}

function processesIn(folder: string): number[] {
  try {
    return readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    // The container has ended.
    return [];
  }
}

/** Null for a process that is gone, or that is only waiting to be reaped and has given its namespaces back. */
function processFacts(pid: number): ProcessFacts | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kinds = readdirSync(`/proc/${pid}/ns`).filter((kind) => NAMESPACES.some((known) => known === kind));
    return {
      pid,
      uid: Number(/^Uid:\t\d+\t(\d+)/m.exec(status)?.[1]),
      capabilities: /^CapEff:\t([0-9a-f]+)/m.exec(status)?.[1] ?? "",
      namespaces: Object.fromEntries(kinds.map((kind) => [kind, readlinkSync(`/proc/${pid}/ns/${kind}`)])),
    };
  } catch {
    return null;
  }
}
