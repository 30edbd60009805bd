/**
 * The only way to files that agents reach (FS-1, FS-2, FS-4): every access is judged by the policy, opened without following a link, judged
 * again by where it really is, bounded, and recorded before anything is handed out or written.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path/posix";
import { atDescriptor, openPath, refusalOf, refused, step, whereIs, type Opened } from "#server/files/descend.ts";
import { decideFile, decidePath, sizeRefusal, type FileRules } from "#server/files/policy.ts";
import { FileRefused } from "#server/files/refused.ts";
import type { FileAnswer } from "#server/files/schema.ts";

export interface FileAccess {
  operation: "read" | "write" | "list";
  /** As asked for. */
  path: string;
  /** Of the content; null when it was refused or is a folder. */
  bytes: number | null;
  answer: FileAnswer;
}

export interface MediatorDeps {
  rules: FileRules;
  /** Stores the access; nothing is handed out or written when this fails. */
  record: (access: FileAccess) => Promise<void>;
}

export interface ReadFile {
  path: string;
  content: Buffer;
  /** What tells this file from one that takes its place. */
  identity: FileIdentity;
}

export interface FileIdentity {
  dev: bigint;
  ino: bigint;
}

const CHUNK_BYTES = 64 * 1024;

/** The content of a regular file with one name. @throws FileRefused, after it is recorded; the error of `record`. */
export async function readMediated(deps: MediatorDeps, path: string): Promise<ReadFile> {
  return await mediate(deps, { operation: "read", path, judge: decideFile }, (real) => {
    const opened = openJudged(deps.rules, real, decideFile);
    try {
      const content = readBounded(opened, deps.rules.restrictions.maxFileSize, real);
      return { bytes: content.length, value: { path: real, content, identity: identityOf(opened) } };
    } finally {
      closeSync(opened.descriptor);
    }
  });
}

/**
 * Makes a file, readable by its owner alone, complete or not at all. Never overwrites.
 * @throws FileRefused, after it is recorded; the error of `record`.
 */
export async function writeMediated(deps: MediatorDeps, path: string, content: Uint8Array): Promise<string> {
  const held: Opened[] = [];
  try {
    const real = await mediate(deps, { operation: "write", path, judge: decideFile }, (judged) => {
      const tooLarge = sizeRefusal(deps.rules.restrictions, content.length);
      if (tooLarge !== null) {
        throw new FileRefused(tooLarge);
      }
      const folder = openJudged(deps.rules, dirname(judged), decidePath);
      held.push(folder);
      refuseExisting(folder.descriptor, judged);
      return { bytes: content.length, value: judged };
    });
    for (const { descriptor } of held) {
      await orRecord(deps, { operation: "write", path }, () => writeInFolder(descriptor, real, content));
    }
    return real;
  } finally {
    held.forEach(({ descriptor }) => closeSync(descriptor));
  }
}

/** Names in a folder, sorted. @throws FileRefused, after it is recorded; the error of `record`. */
export async function listMediated(deps: MediatorDeps, path: string): Promise<string[]> {
  return await mediate(deps, { operation: "list", path, judge: decidePath }, (real) => {
    const opened = openJudged(deps.rules, real, decidePath);
    try {
      if (!opened.facts.isDirectory()) {
        throw refused("not_a_folder", real);
      }
      return { bytes: null, value: readdirSync(atDescriptor(opened.descriptor)).sort() };
    } finally {
      closeSync(opened.descriptor);
    }
  });
}

/**
 * Removes a file that was read before, if it is still that one. The caller records it.
 * @returns false when it is gone, another file is in its place, or it must not be removed.
 */
export function removeSame(path: string, identity: FileIdentity): boolean {
  try {
    const folder = openPath(dirname(path));
    try {
      return removeFrom(folder.descriptor, path, identity);
    } finally {
      closeSync(folder.descriptor);
    }
  } catch (error) {
    if (error instanceof FileRefused) {
      return false;
    }
    throw error;
  }
}

function removeFrom(folder: number, path: string, identity: FileIdentity): boolean {
  const name = nameOf(path);
  const found = step(folder, name, path, false);
  const { dev, ino } = fstatSync(found, { bigint: true });
  closeSync(found);
  if (dev !== identity.dev || ino !== identity.ino) {
    return false;
  }
  try {
    unlinkSync(atDescriptor(folder, name));
  } catch (error) {
    throw refusalOf(error, path);
  }
  return true;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/**
 * Which file lies at `path`, when it has that many bytes and `holds` says it is the one; null otherwise. Reads at most `bytes` and one more.
 * For finishing what was recorded before.
 */
export function identityOfContent(
  path: string,
  bytes: number,
  holds: (content: Buffer) => boolean,
): FileIdentity | null {
  try {
    const opened = openPath(path);
    try {
      return holds(readBounded(opened, bytes, path)) ? identityOf(opened) : null;
    } finally {
      closeSync(opened.descriptor);
    }
  } catch (error) {
    if (error instanceof FileRefused) {
      return null;
    }
    throw error;
  }
}

interface Ask {
  operation: FileAccess["operation"];
  path: string;
  judge: typeof decidePath;
}

async function mediate<T>(
  { rules, record }: MediatorDeps,
  { operation, path, judge }: Ask,
  act: (real: string) => { bytes: number | null; value: T },
): Promise<T> {
  const { answer, bytes, value } = await orRecord({ rules, record }, { operation, path }, () => {
    const judged = judge(rules, path);
    if (!judged.allow) {
      throw new FileRefused(judged);
    }
    return { answer: judged, ...act(judged.path) };
  });
  await record({ operation, path: answer.path, bytes, answer });
  return value;
}

/** A refusal is recorded before it is thrown on. */
async function orRecord<T>(
  { record }: MediatorDeps,
  { operation, path }: Pick<Ask, "operation" | "path">,
  act: () => T,
): Promise<T> {
  try {
    return act();
  } catch (error) {
    if (error instanceof FileRefused) {
      await record({ operation, path, bytes: null, answer: error.refusal });
    }
    throw error;
  }
}

/** Opens and judges again, by the place where the opened thing is. */
function openJudged(rules: FileRules, path: string, judge: typeof decidePath): Opened {
  const opened = openPath(path);
  try {
    const real = whereIs(opened.descriptor);
    if (real !== path) {
      const answer = judge(rules, real);
      throw answer.allow ? refused("path_changed", path) : new FileRefused(answer);
    }
    return opened;
  } catch (error) {
    closeSync(opened.descriptor);
    throw error;
  }
}

const identityOf = ({ facts }: Opened): FileIdentity => ({ dev: facts.dev, ino: facts.ino });

/** Reads at most one byte more than is allowed, however large the file says it is or grows to be. */
function readBounded({ descriptor, facts }: Opened, maxFileSize: number, path: string): Buffer {
  if (!facts.isFile()) {
    throw refused("not_a_file", path);
  }
  if (facts.nlink > 1n) {
    throw refused("hard_link", path);
  }
  let reader: number;
  try {
    // The link in /proc leads to this very file, not to whatever its name means now.
    reader = openSync(atDescriptor(descriptor), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw refusalOf(error, path);
  }
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; ;) {
      const tooLarge = sizeRefusal({ maxFileSize }, Math.max(total, Number(facts.size)));
      if (tooLarge !== null) {
        throw new FileRefused(tooLarge);
      }
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const count = readSync(reader, chunk, 0, CHUNK_BYTES, null);
      if (count === 0) {
        return Buffer.concat(chunks, total);
      }
      chunks.push(chunk.subarray(0, count));
      total += count;
    }
  } finally {
    closeSync(reader);
  }
}

function refuseExisting(folder: number, path: string): void {
  try {
    closeSync(step(folder, nameOf(path), path, false));
  } catch (error) {
    if (error instanceof FileRefused && error.refusal.code === "file_missing") {
      return;
    }
    throw error;
  }
  throw refused("file_exists", path);
}

/** A draft beside it that gets the name when it is complete; the name is never taken from another file. */
function writeInFolder(folder: number, path: string, content: Uint8Array): void {
  if (whereIs(folder) !== dirname(path)) {
    throw refused("path_changed", path);
  }
  const draft = atDescriptor(folder, `.draft-${randomBytes(8).toString("hex")}`);
  try {
    const writer = openSync(draft, "wx", 0o600);
    try {
      for (let written = 0; written < content.length;) {
        written += writeSync(writer, content, written);
      }
      fsyncSync(writer);
      linkSync(draft, atDescriptor(folder, nameOf(path)));
    } finally {
      closeSync(writer);
      unlinkSync(draft);
    }
  } catch (error) {
    throw refusalOf(error, path);
  }
}
