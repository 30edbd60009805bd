/**
 * A log file of bounded size: `name.log`, then `name.log.1` (newest) to `name.log.4`.
 * A log that cannot be written (full disk) must not stop the gateway: lines are dropped, and writing is tried again with the next one.
 */
import { closeSync, mkdirSync, openSync, fstatSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

export interface LogFile {
  write(chunk: string | Buffer): void;
  close(): void;
}

export interface LogFileOptions {
  maxBytes?: number;
  /** Older files kept. */
  keep?: number;
  /** Told once per series of failures. */
  onError?: (error: unknown) => void;
}

const MODE = 0o640;

export function openLogFile(file: string, options: LogFileOptions = {}): LogFile {
  const { maxBytes = 10 * 1024 * 1024, keep = 4, onError } = options;
  let descriptor: number | null = null;
  let size = 0;
  let failing = false;

  function open(): number {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const opened = openSync(file, "a", MODE);
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

  return {
    write(chunk) {
      try {
        const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
        descriptor ??= open();
        if (size > 0 && size + bytes.length > maxBytes) {
          rotate();
          descriptor = open();
        }
        size += writeSync(descriptor, bytes);
        failing = false;
      } catch (error) {
        if (!failing) {
          failing = true;
          onError?.(error);
        }
        close();
      }
    },
    close,
  };
}
