/**
 * The kernel's own word on calls it killed a program for, read from /dev/kmsg.
 * It can be trusted: user space cannot write records of the kernel's facility, and the kernel escapes names it takes from programs.
 * It is not complete: the kernel tells about ten such records in 5 s and only counts the others, and where an audit daemon runs it
 * tells that one instead. No record is therefore no proof that nothing was tried.
 */
import { closeSync, constants, openSync, readSync } from "node:fs";

export interface KilledCall {
  /** Milliseconds since the epoch, by the kernel's coarse clock: up to 10 ms early. */
  at: number;
  /** As the host numbers processes. */
  pid: number;
  /** AUDIT_ARCH_*; the number of the call means something only together with it. */
  arch: number;
  call: number;
}

/** One record of /dev/kmsg: `priority,sequence,microseconds,flags;text`. Null when it is not a killed call. */
export function parseKilledCall(record: string): KilledCall | null {
  const [, priority = "", seconds = "", pid = "", arch = "", call = "", code = ""] = SECCOMP_RECORD.exec(record) ?? [];
  // A facility above 0 is user space speaking.
  if (priority === "" || Number(priority) >= 8 || !KILLING.has(Number.parseInt(code, 16))) {
    return null;
  }
  return {
    at: Math.round(Number(seconds) * 1000),
    pid: Number(pid),
    arch: Number.parseInt(arch, 16),
    call: Number(call),
  };
}

// Kernel documentation: ABI/testing/dev-kmsg; audit record type 1326 (AUDIT_SECCOMP). The fields' order is fixed by audit_seccomp().
const SECCOMP_RECORD =
  /^(\d+),\d+,\d+,[^;]*;audit: type=1326 audit\((\d+\.\d+):\d+\): auid=\d+ uid=\d+ gid=\d+ ses=\d+ (?:subj=\S+ )?pid=(\d+) comm=\S+ exe=\S+ sig=31 arch=([0-9a-f]+) syscall=(\d+) compat=\d ip=0x[0-9a-f]+ code=(0x[0-9a-f]+)/;
/** SECCOMP_RET_KILL_PROCESS and SECCOMP_RET_KILL_THREAD: the latter is what a call by a foreign interface meets. */
const KILLING: ReadonlySet<number> = new Set([0x8000_0000, 0]);

const RECORD_MAX_BYTES = 8192;
/** Killed calls that are remembered: more than the kernel tells in an hour. */
const REMEMBERED = 8192;
/** A burst of records in one look; what is left is read at the next one. */
const RECORDS_PER_READ = 20_000;

/** A reader of the log from the time it is opened. */
export class KernelLog {
  readonly #file: number;
  readonly #buffer = Buffer.alloc(RECORD_MAX_BYTES);
  #killed: KilledCall[] = [];

  private constructor(file: number) {
    this.#file = file;
  }

  /** Null where the log cannot be read: without the right to it, or beside a remote engine. */
  static open(path = "/dev/kmsg"): KernelLog | null {
    try {
      return new KernelLog(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    } catch {
      return null;
    }
  }

  /** Killed calls from `from` to `to`, both in ms since the epoch and included. */
  killedBetween(from: number, to: number): KilledCall[] {
    this.#read();
    return this.#killed.filter(({ at }) => at >= from && at <= to);
  }

  close(): void {
    closeSync(this.#file);
  }

  #read(): void {
    for (let count = 0; count < RECORDS_PER_READ; count += 1) {
      const record = this.#next();
      if (record === "end") {
        break;
      }
      const killed = record === "overwritten" ? null : parseKilledCall(record);
      if (killed !== null) {
        this.#killed.push(killed);
      }
    }
    this.#killed = this.#killed.slice(-REMEMBERED);
  }

  /** Each read answers with one record. */
  #next(): string {
    try {
      const length = readSync(this.#file, this.#buffer);
      return length === 0 ? "end" : this.#buffer.toString("utf8", 0, length);
    } catch (error) {
      // EPIPE: records were overwritten before they were read; the next read goes on after them. Everything else ends this look.
      return error instanceof Error && "code" in error && error.code === "EPIPE" ? "overwritten" : "end";
    }
  }
}
