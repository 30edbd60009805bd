/**
 * A log file of bounded size and age: `name.log`, then `name.log.1` (newest) to `name.log.4`.
 * A log that cannot be written (full disk) must not stop the gateway: lines are dropped, and writing is tried again with the next one.
 */
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

export interface LogFile {
  write(chunk: string | Buffer): void;
  /** Gives older files the mode they should have and removes what is past its age; at the start, and once a day from then on. */
  tidy(): void;
  close(): void;
}

/** `security.storage`, as far as these files are concerned. */
export interface LogFileRules {
  /** Whatever the umask is. */
  mode: number;
  /** Age at which lines are removed (milliseconds), with the whole file they are in. */
  retentionMs: number;
}

export const DEFAULT_RULES: LogFileRules = { mode: 0o640, retentionMs: 30 * 24 * 60 * 60 * 1000 };

export interface LogFileOptions {
  maxBytes?: number;
  /** Older files kept. */
  keep?: number;
  /** Asked each time, because the configuration is read after the first lines are written. */
  rules?: () => LogFileRules;
  now?: () => number;
  /** Told once per series of failures. */
  onError?: (error: unknown) => void;
}

export function openLogFile(file: string, options: LogFileOptions = {}): LogFile {
  const { maxBytes = 10 * 1024 * 1024, keep = 4, rules = () => DEFAULT_RULES, now = Date.now, onError } = options;
  const older = Array.from({ length: keep }, (_, index) => `${file}.${index + 1}`);
  let descriptor: number | null = null;
  let size = 0;
  let failing = false;

  function open(): number {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const { mode } = rules();
    const opened = openSync(file, "a", mode);
    // The umask may have taken something away, and an older file may have another mode.
    fchmodSync(opened, mode);
    size = fstatSync(opened).size;
    return opened;
  }

  function close(): void {
    if (descriptor !== null) {
      closeSync(descriptor);
      descriptor = null;
    }
  }

  function rotate(): void {
    close();
    rmSync(`${file}.${keep}`, { force: true });
    for (let number = keep - 1; number >= 0; number -= 1) {
      const from = number === 0 ? file : `${file}.${number}`;
      try {
        renameSync(from, `${file}.${number + 1}`);
      } catch {
        // Fewer older files than are kept.
      }
    }
  }

  /** A log that grows slowly is rotated by age, so that its old lines can go without the new ones. */
  function isOld(): boolean {
    const begun = existing(file)?.birthtimeMs ?? 0;
    return begun > 0 && size > 0 && now() - begun > rules().retentionMs / (keep + 1);
  }

  function guarded(work: () => void): void {
    try {
      work();
      failing = false;
    } catch (error) {
      if (!failing) {
        failing = true;
        onError?.(error);
      }
      close();
    }
  }

  return {
    write(chunk) {
      guarded(() => {
        const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
        descriptor ??= open();
        if (size > 0 && size + bytes.length > maxBytes) {
          rotate();
          descriptor = open();
        }
        size += writeSync(descriptor, bytes);
      });
    },
    tidy() {
      guarded(() => {
        const { mode, retentionMs } = rules();
        if (existing(file) !== undefined) {
          descriptor ??= open();
          fchmodSync(descriptor, mode);
        }
        if (isOld()) {
          rotate();
        }
        for (const name of older) {
          const lastLine = existing(name)?.mtimeMs;
          if (lastLine !== undefined && now() - lastLine > retentionMs) {
            rmSync(name, { force: true });
          } else if (lastLine !== undefined) {
            chmodSync(name, mode);
          }
        }
      });
    },
    close,
  };
}

const existing = (name: string) => statSync(name, { throwIfNoEntry: false });
