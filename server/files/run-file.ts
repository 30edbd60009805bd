/**
 * Files that come with a run or out of it (FS-1 to FS-3, FS-5): judged by name and content alone, since no path of the host is touched. Pure.
 * Threat: a name that leaves /workspace, stands for the program itself, or means the same as another one to somebody else's file system; a
 * content that the same rules would not let pass as a file of the host.
 */
import type { Look } from "#server/files/archive.ts";
import { inspectFile } from "#server/files/inspect.ts";
import { decideFile, decidePath, sizeRefusal, type FileRules } from "#server/files/policy.ts";
import { isCritical, type FileFinding, type FileRefusal, type FileSystemConfig } from "#server/files/schema.ts";

export type RunFileRules = Pick<FileSystemConfig, "restrictions" | "monitoring">;

export interface RunFileName {
  /** Below /workspace, as written. */
  path: string;
  direction: "input" | "output";
}

export type RunFileVerdict =
  { verdict: "stored" | "suspicious"; findings: FileFinding[] } | { verdict: "refused"; refusal: FileRefusal };

const WORKSPACE = "/workspace";
/** Where the launcher puts the program (sandbox-worker/launch): an attached file of that name would be overwritten, or take its place. */
const PROGRAMS = new Set(["main.py", "main.js", "main.sh"]);
/** The launcher's own folder is called like this. */
const OWN_FOLDER = ".openclaw";

/**
 * The names of one run, in one direction: a name that was let through refuses all that mean the same file to some file system, or that would
 * need it to be a folder.
 */
export class RunFileNames {
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();
  readonly #restrictions: FileSystemConfig["restrictions"];

  constructor({ restrictions }: Pick<FileSystemConfig, "restrictions">) {
    this.#restrictions = restrictions;
  }

  /** @returns null when the name may pass; it is taken then. */
  take({ path, direction }: RunFileName): FileRefusal | null {
    const refusal = nameProblem(this.#restrictions, { path, direction });
    return refusal ?? this.#repeated(path);
  }

  #repeated(path: string): FileRefusal | null {
    const key = sameName(path);
    const folders = parents(key);
    if (this.#files.has(key) || this.#folders.has(key) || folders.some((folder) => this.#files.has(folder))) {
      const message = `"${path}" is there twice, or means the same as another name where case or Unicode forms do not count. Rename one.`;
      return { allow: false, code: "name_repeated", because: "built-in", message };
    }
    this.#files.add(key);
    folders.forEach((folder) => this.#folders.add(folder));
    return null;
  }
}

/** Whether `path` may be asked for after a run: it may be a folder, so its extension does not count. @returns null = yes. */
export function wantedPathRefusal({ restrictions }: Pick<FileSystemConfig, "restrictions">, path: string) {
  return formProblem(path) ?? refusalOf(decidePath(workspaceRules(restrictions), `${WORKSPACE}/${path}`));
}

/** Judges one file; a refusal says nothing of a name that did not pass but what can be shown. Suspicious is what has a critical finding. @param look shared by all files of the run */
export function judgeRunFile(
  { restrictions }: Pick<RunFileRules, "restrictions">,
  names: RunFileNames,
  { path, direction, content }: RunFileName & { content: Buffer },
  look: Look,
): RunFileVerdict {
  const refusal = names.take({ path, direction });
  if (refusal !== null) {
    return { verdict: "refused", refusal };
  }
  const tooLarge = sizeRefusal(restrictions, content.length);
  if (tooLarge !== null) {
    return { verdict: "refused", refusal: { ...tooLarge, message: `"${path}": ${tooLarge.message}` } };
  }
  const findings = inspectFile(path.slice(path.lastIndexOf("/") + 1), content, look);
  return { verdict: isCritical(findings) ? "suspicious" : "stored", findings };
}

/** What was noticed, in one sentence; null = nothing. */
export const noticed = (findings: readonly FileFinding[]): string | null =>
  findings.length === 0 ? null : `suspicious: ${findings.map(({ evidence }) => evidence).join("; ")}`;

function nameProblem(
  restrictions: FileSystemConfig["restrictions"],
  { path, direction }: RunFileName,
): FileRefusal | null {
  const form = formProblem(path);
  if (form !== null) {
    return form;
  }
  const [first = ""] = sameName(path).split("/");
  if (direction === "input" && PROGRAMS.has(first)) {
    return reserved(`"${first}" at the top of /workspace is the program's own name. Rename the file.`);
  }
  return refusalOf(decideFile(workspaceRules(restrictions), `${WORKSPACE}/${path}`));
}

/** A plain relative path; null = it is one. */
function formProblem(path: string): FileRefusal | null {
  const parts = `${path}/${sameName(path)}`.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..") || path.includes("\\")) {
    const message =
      'A name is a path below /workspace such as "data/report.txt": no "/" in front or at the end, no "..", no "\\".';
    return { allow: false, code: "path_form", because: "built-in", message };
  }
  return sameName(path).split("/").includes(OWN_FOLDER)
    ? reserved(`"${OWN_FOLDER}" is the gateway's own name. Rename the folder or file.`)
    : null;
}

const reserved = (message: string): FileRefusal => ({
  allow: false,
  code: "name_reserved",
  because: "built-in",
  message,
});

/** Nothing of the host is listed or denied here: the container's own /workspace is all there is. */
const workspaceRules = (restrictions: FileSystemConfig["restrictions"]): FileRules => ({
  allowed: [{ path: WORKSPACE, because: "built-in" }],
  denied: [],
  guarded: [],
  restrictions,
});

const refusalOf = (answer: ReturnType<typeof decideFile>): FileRefusal | null => (answer.allow ? null : answer);

/** Equal for names that some file system takes for one. */
const sameName = (path: string): string =>
  path
    .normalize("NFKC")
    .replaceAll(/\p{Cf}/gu, "")
    .toLowerCase()
    .normalize("NFC");

const parents = (key: string): string[] => [...key.matchAll(/\//g)].map(({ index }) => key.slice(0, index));
