/**
 * Opens what a path names without ever following a symbolic link (CVE-2026-44112, CVE-2026-44113).
 * Threat: a folder or file that is exchanged for a link between the check and the use. Node has no `openat`; `/proc/self/fd/N/name` is the
 * same thing: the kernel goes on from the folder that is held open, whatever its path has become. Linux only.
 * Everything is opened by `O_PATH` first: that reads nothing, blocks on no FIFO and wakes no device, and what is found can be looked at.
 */
import { closeSync, constants, fstatSync, openSync, readlinkSync, type BigIntStats } from "node:fs";
import { hasErrorCode } from "#server/core/errors.ts";
import { FileRefused } from "#server/files/refused.ts";
import type { FileRefusalCode } from "#server/files/schema.ts";

/** Not among Node's constants; the same number on every Linux architecture that Node runs on. */
const O_PATH = 0o10000000;

/** Path by which the kernel reaches an open descriptor. */
export const atDescriptor = (descriptor: number, name?: string): string =>
  name === undefined ? `/proc/self/fd/${descriptor}` : `/proc/self/fd/${descriptor}/${name}`;

/** Where the opened thing is now, as the kernel says; a deleted one ends in " (deleted)" and so is in no list. */
export const whereIs = (descriptor: number): string => readlinkSync(atDescriptor(descriptor));

export interface Opened {
  /** `O_PATH`: cannot be read; closed by the caller. */
  descriptor: number;
  facts: BigIntStats;
}

/**
 * Opens `path` part by part from `/`.
 * @param path absolute and normal.
 * @throws FileRefused `symbolic_link`, `file_missing`, `not_a_folder` or `file_unreadable`.
 */
export function openPath(path: string, from = "/"): Opened {
  let folder = openSync(from, O_PATH | constants.O_DIRECTORY);
  const parts = path.split("/").filter((part) => part !== "");
  try {
    for (const [index, part] of parts.entries()) {
      const next = step(folder, part, path, index < parts.length - 1);
      closeSync(folder);
      folder = next;
    }
    return { descriptor: folder, facts: fstatSync(folder, { bigint: true }) };
  } catch (error) {
    closeSync(folder);
    throw error;
  }
}

/** Opens `name` in an open folder; a symbolic link is refused. */
export function step(folder: number, name: string, path: string, mustBeFolder: boolean): number {
  let descriptor: number;
  try {
    descriptor = openSync(atDescriptor(folder, name), O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    throw refusalOf(error, path);
  }
  const facts = fstatSync(descriptor);
  const wrong = facts.isSymbolicLink() ? "symbolic_link" : mustBeFolder && !facts.isDirectory() ? "not_a_folder" : null;
  if (wrong !== null) {
    closeSync(descriptor);
    throw refused(wrong, path);
  }
  return descriptor;
}

const SENTENCES = {
  symbolic_link: "is reached through a symbolic link, which is never followed. Use the real path",
  file_missing: "is not there",
  file_exists: "is there already and is never overwritten",
  not_a_folder: "leads through something that is no folder",
  not_a_file: "is no regular file",
  hard_link: "has another name as well (hard link), so it may belong to somebody else",
  path_changed: "was moved or exchanged while it was being opened",
  file_unreadable: "cannot be opened",
} as const satisfies Partial<Record<FileRefusalCode, string>>;

export function refused(code: keyof typeof SENTENCES, path: string): FileRefused {
  return new FileRefused({ allow: false, code, because: "built-in", message: `"${path}" ${SENTENCES[code]}.` });
}

/** The system's refusal as ours. Anything unforeseen is a refusal as well. */
export function refusalOf(error: unknown, path: string): FileRefused {
  const codes = {
    ENOENT: "file_missing",
    EEXIST: "file_exists",
    ELOOP: "symbolic_link",
    ENOTDIR: "not_a_folder",
  } as const;
  for (const [system, code] of Object.entries(codes)) {
    if (hasErrorCode(error, system)) {
      return refused(code, path);
    }
  }
  return refused("file_unreadable", path);
}
