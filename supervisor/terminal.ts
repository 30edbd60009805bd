/** What the person at the terminal sees: steps with their time, then the ready banner, then only what matters. */
import type { LogFile } from "./log-file.ts";

export interface Terminal {
  /** Runs `work` and shows it as one line with its time. */
  step<T>(label: string, work: () => Promise<T>): Promise<T>;
  info(text: string): void;
  warn(text: string): void;
  /** Text for the person only: it can hold a secret and is not logged. */
  show(text: string): void;
}

/** A step that takes longer than this is announced while it runs. */
const ANNOUNCE_AFTER_MS = 1_500;

export function createTerminal(out: (text: string) => void, log: LogFile): Terminal {
  const record = (level: string, text: string): void => log.write(`${new Date().toISOString()} ${level} ${text}\n`);
  return {
    async step(label, work) {
      const started = Date.now();
      const announce = setTimeout(() => out(`  … ${label}\n`), ANNOUNCE_AFTER_MS);
      try {
        const result = await work();
        const seconds = ((Date.now() - started) / 1000).toFixed(1);
        out(`  ✓ ${label} (${seconds} s)\n`);
        record("info", `${label}: ${seconds} s`);
        return result;
      } catch (error) {
        out(`  ✗ ${label}\n`);
        record("error", `${label}: failed`);
        throw error;
      } finally {
        clearTimeout(announce);
      }
    },
    info(text) {
      out(`  ${text}\n`);
      record("info", text);
    },
    warn(text) {
      out(`  ! ${text}\n`);
      record("warn", text);
    },
    show: (text) => out(`${text}\n`),
  };
}
