/** The files a program leaves behind, out of the archive that its container wrote: each is judged by `security.fileSystem` like any other file. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { judgeRunFile, newLook, noticed, RunFileNames, type RunFileRules } from "#server/files/index.ts";
import { RUN_FILE_LIMITS, type FileFinding } from "#server/files/schema.ts";
import { readArchive, type ArchiveEntry } from "#worker/outputs/read-archive.ts";

export interface OutputFile {
  /** Below /workspace; no two are the same. Of a refused one as it can be shown. */
  path: string;
  bytes: number;
  /** Null when it was refused. */
  content: Buffer | null;
  /** `suspicious`: it goes to quarantine. */
  verdict: "stored" | "suspicious" | "refused";
  /** Why it is not kept, or what was noticed about it; null = nothing. */
  reason: string | null;
  /** Reason code and configuration path of a refusal. */
  code: string | null;
  because: string | null;
  findings: FileFinding[];
}

const MAX_SHOWN = 300;

/**
 * In the order of the archive. Nothing in it is trusted; a damaged archive keeps what was whole before the damage, and says so.
 * @param tar null = it was larger than what is read
 * @param wanted the paths that were asked for: nothing else is kept
 */
export async function readOutputs(
  tar: Buffer | null,
  wanted: readonly string[],
  rules: RunFileRules,
): Promise<OutputFile[]> {
  const outputs = new Outputs(wanted, rules);
  if (tar === null) {
    outputs.note("All files to keep are larger together than what is read.", "file_too_large");
    return outputs.files;
  }
  // The mark is followed by nothing when none of the paths was there.
  const { entries, damage } = tar.length === 0 ? { entries: [], damage: null } : readArchive(tar);
  for (const entry of entries) {
    if (outputs.isFull) {
      outputs.note(`Only ${RUN_FILE_LIMITS.outputs} files are kept.`, "too_many_files");
      break;
    }
    outputs.add(entry);
    await nextTurn();
  }
  if (damage !== null) {
    outputs.note(`Not all files could be read: ${damage}.`, "archive_damaged");
  }
  return outputs.files;
}

class Outputs {
  readonly files: OutputFile[] = [];
  readonly #wanted: readonly string[];
  readonly #rules: RunFileRules;
  readonly #names: RunFileNames;
  readonly #look = newLook();
  readonly #shown = new Set<string>();
  #left: number = RUN_FILE_LIMITS.outputBytes;

  constructor(wanted: readonly string[], rules: RunFileRules) {
    this.#wanted = wanted;
    this.#rules = rules;
    this.#names = new RunFileNames(rules);
  }

  get isFull(): boolean {
    return this.files.length >= RUN_FILE_LIMITS.outputs;
  }

  add({ path, content, problem }: ArchiveEntry): void {
    if (!this.#wanted.some((asked) => path === asked || path.startsWith(`${asked}/`))) {
      this.#refuse(path, content?.length ?? 0, { code: "not_asked_for", message: "was not asked for" });
      return;
    }
    if (content === null) {
      this.#refuse(path, 0, { code: "not_a_file", message: problem ?? "is no file" });
      return;
    }
    if (content.length > this.#left) {
      const message = `is more than the ${RUN_FILE_LIMITS.outputBytes} bytes that are kept of one run`;
      this.#refuse(path, content.length, { code: "file_too_large", message });
      return;
    }
    const judged = judgeRunFile(this.#rules, this.#names, { path, direction: "output", content }, this.#look);
    if (judged.verdict === "refused") {
      this.#refuse(path, content.length, judged.refusal);
      return;
    }
    const { findings } = judged;
    const keep = judged.verdict === "stored" || !this.#rules.monitoring.quarantineSuspicious;
    this.#left -= content.length;
    this.#put({
      path,
      bytes: content.length,
      content,
      verdict: keep ? "stored" : "suspicious",
      reason: noticed(findings),
      code: findings.length === 0 ? null : "content_suspicious",
      because: null,
      findings,
    });
  }

  /** Something about the files as a whole. */
  note(message: string, code: string): void {
    this.#refuse("(files)", 0, { code, message });
  }

  #refuse(path: string, bytes: number, refusal: { code: string; message: string; because?: string }): void {
    const { code, message, because = "built-in" } = refusal;
    this.#put({
      path: shown(path),
      bytes,
      content: null,
      verdict: "refused",
      reason: message,
      code,
      because,
      findings: [],
    });
  }

  /** A refused name may be the same as a kept one; in the list each has its own. */
  #put(file: OutputFile): void {
    let { path } = file;
    for (let count = 2; this.#shown.has(path); count += 1) {
      path = `${file.path} (${count})`;
    }
    this.#shown.add(path);
    this.files.push({ ...file, path });
  }
}

/** Bounded, and without anything that moves a cursor, reverses text or hides. */
const shown = (path: string): string =>
  path
    .slice(0, MAX_SHOWN)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\u{fffd}");
