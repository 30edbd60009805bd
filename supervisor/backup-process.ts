/** A command of backups as a process of its own, with little claim to the processor: the command that an operator would use. */
import { spawn, type ChildProcess } from "node:child_process";
import { setPriority } from "node:os";

/** Behind everything that answers somebody. */
const LOW_PRIORITY = 10;
const LAST_WORDS_CHARACTERS = 2_000;
const MAX_OUTPUT_CHARACTERS = 1_000_000;

interface BackupProcess {
  cwd: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** Behind `openclaw security`. */
  args: readonly string[];
  /** Told what is being done. */
  onProgress?: (text: string) => void;
}

interface BackupProcessEnd {
  /** Null when it went well, else its last words. */
  failure: string | null;
  stdout: string;
}

export async function runBackupProcess({
  cwd,
  env,
  signal,
  args,
  onProgress,
}: BackupProcess): Promise<BackupProcessEnd> {
  const command = ["cli/main.ts", "security", ...args];
  const child: ChildProcess = spawn(process.execPath, command, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let words = "";
  let stdout = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-LAST_WORDS_CHARACTERS);
    const said = text.split("\n").findLast((line) => line.startsWith("… "));
    if (said !== undefined) {
      onProgress?.(said.slice(2));
    }
  });
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout = (stdout + text).slice(0, MAX_OUTPUT_CHARACTERS);
  });
  const end = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", end, { once: true });
  try {
    return await new Promise<BackupProcessEnd>((resolve) => {
      child.once("spawn", () => lower(child.pid));
      child.once("error", (error) => resolve({ failure: error.message, stdout }));
      child.once("close", (code, killedBy) => {
        const last = words.trim().split("\n").at(-1) ?? "";
        const failure = code === 0 ? null : `${last || "it ended"} (${killedBy ?? `exit code ${code ?? "unknown"}`})`;
        resolve({ failure, stdout });
      });
    });
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function lower(pid: number | undefined): void {
  try {
    if (pid !== undefined) {
      setPriority(pid, LOW_PRIORITY);
    }
  } catch {
    // It has ended already, or this system does not let us: no reason to make no backup.
  }
}
