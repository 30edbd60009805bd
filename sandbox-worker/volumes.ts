/**
 * Host paths that containers may read (SBX-9, CVE-2026-27002): found and judged before each container, and looked at again from inside it.
 * Threat: a path that is another one when the engine mounts it: a symbolic link, a folder exchanged in between, a socket under another name.
 * The engine takes a path, not a descriptor, so what it mounted is compared with what was judged before any program arrives.
 */
import { closeSync, constants, lstatSync, openSync, opendirSync, realpathSync, statSync } from "node:fs";
import type { MountSettings } from "dockerode";
import { atDescriptor, FileRefused, openPath, whereIs } from "#server/files/index.ts";
import { decidePath, isInside, resolveWritten, type FileRules, type PathBases } from "#server/files/policy.ts";
import type { VolumeMount } from "#server/sandbox/policy.ts";
import { NEVER_MOUNTED, neverMounted } from "#server/sandbox/volume-policy.ts";
import { hasErrorCode } from "#server/core/errors.ts";
import { Refusal } from "#worker/run-failure.ts";

export interface HostMount {
  /** Configuration path, for messages. */
  key: string;
  /** Absolute, free of symbolic links. */
  source: string;
  target: string;
  dev: bigint;
  ino: bigint;
}

export interface VolumeDeps {
  rules: FileRules;
  bases: PathBases;
  /** The engine shares this machine's file system. */
  local: boolean;
}

/** A folder with more entries than this is not looked through, so it is not mounted. */
const MAX_ENTRIES = 100_000;

/** @throws Refusal naming the key of the first volume that must not be mounted. */
export function resolveVolumes(volumes: readonly VolumeMount[], deps: VolumeDeps): HostMount[] {
  return volumes.map((volume) => resolveVolume(volume, deps));
}

function resolveVolume({ source, target }: VolumeMount, { rules, bases, local }: VolumeDeps): HostMount {
  const key = `security.sandboxing.docker.volumes["${source}"]`;
  const refuse = (why: string): Refusal => new Refusal("refused", `${key} ${why}`);
  if (!local) {
    throw refuse("names a path of this machine, and the engine is on another one, where it cannot be checked.");
  }
  const written = resolveWritten(source, bases, bases.openclawHome);
  if (written === null) {
    throw refuse('is not a path. Begin it with "/", "~/" or "./".');
  }
  const real = realPathOf(written, refuse);
  for (const path of [written, real]) {
    const problem = neverMounted(path) ?? ownFolderProblem(path, bases);
    if (problem !== null) {
      throw refuse(`leads to ${path}: it is ${problem}, which no configuration can open.`);
    }
    const answer = decidePath(rules, path);
    if (!answer.allow) {
      throw refuse(`is not allowed: ${answer.message}`);
    }
  }
  try {
    return { key, source: real, target, ...identityOf(real, refuse) };
  } catch (error) {
    throw error instanceof FileRefused ? refuse(`was exchanged while it was checked: ${error.message}`) : error;
  }
}

/** As the engine is asked for them: to read, without what is mounted below, nothing passed on in either direction. */
export function hostBinds(mounts: readonly HostMount[]): MountSettings[] {
  const options = { Propagation: "rprivate" as const, NonRecursive: true };
  return mounts.map(({ source, target }) => ({
    Type: "bind",
    Source: source,
    Target: target,
    ReadOnly: true,
    BindOptions: options,
  }));
}

/**
 * Compares what is mounted in a started container with what was judged.
 * @param pid first process of the container.
 * @throws Refusal when a mount is another file or cannot be looked at.
 */
export function verifyVolumes(pid: number, mounts: readonly HostMount[]): void {
  for (const { key, source, target, dev, ino } of mounts) {
    let same: boolean;
    try {
      const { descriptor, facts } = openPath(target, `/proc/${pid}/root`);
      closeSync(descriptor);
      same = facts.dev === dev && facts.ino === ino;
    } catch (error) {
      throw new Refusal("refused", `${key} could not be verified in the container. The worker has to run as root.`, {
        cause: error,
      });
    }
    if (!same) {
      throw new Refusal(
        "refused",
        `${key} was exchanged while it was mounted: ${source} is not what was checked (volume_changed).`,
      );
    }
  }
}

function realPathOf(path: string, refuse: (why: string) => Refusal): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    throw refuse(
      hasErrorCode(error, "ENOENT")
        ? `names ${path}, which is not there. Make it, or remove the key.`
        : `names ${path}, which cannot be opened.`,
    );
  }
}

/** Neither the installation itself, nor what holds it, nor a hidden folder of the account's home. */
function ownFolderProblem(path: string, { openclawHome, userHome }: PathBases): string | null {
  if (isInside(path, openclawHome) || isInside(openclawHome, path)) {
    return "a part of, or holds, the installation with its keys";
  }
  if (isInside(userHome, path) || path.startsWith(userHome === "/" ? "/." : `${userHome}/.`)) {
    return "a home or a hidden folder of it";
  }
  return null;
}

/** Opened without following links; the same file under any other name is known by its device and number. */
function identityOf(path: string, refuse: (why: string) => Refusal): { dev: bigint; ino: bigint } {
  const { descriptor, facts } = openPath(path);
  try {
    const real = whereIs(descriptor);
    if (real !== path) {
      throw refuse(`was exchanged while it was checked: ${path} is now ${real}.`);
    }
    if (facts.isFile() ? facts.nlink > 1n : !facts.isDirectory()) {
      throw refuse(`leads to ${path}, which is neither a folder nor a file with one name.`);
    }
    const twin = NEVER_MOUNTED.find((folder) => isSame(folder, facts));
    if (twin !== undefined) {
      throw refuse(`leads to ${path}, which is ${twin} under another name.`);
    }
    if (facts.isDirectory()) {
      refuseSpecial(atDescriptor(descriptor), path, refuse);
    }
    return { dev: facts.dev, ino: facts.ino };
  } finally {
    closeSync(descriptor);
  }
}

function isSame(folder: string, { dev, ino }: { dev: bigint; ino: bigint }): boolean {
  const other = statSync(folder, { bigint: true, throwIfNoEntry: false });
  return other !== undefined && other.dev === dev && other.ino === ino;
}

/** A socket can be used through a read-only mount: an engine's socket would be the whole machine, whatever it is called. */
function refuseSpecial(folder: string, shown: string, refuse: (why: string) => Refusal): void {
  let left = MAX_ENTRIES;
  const walk = (opened: string, path: string): void => {
    const listing = opendirSync(opened);
    try {
      for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
        left -= 1;
        if (left < 0) {
          throw refuse(`holds more than ${MAX_ENTRIES} files, too many to look through. Name a smaller folder.`);
        }
        if (entry.isSocket() || entry.isFIFO() || entry.isBlockDevice() || entry.isCharacterDevice()) {
          throw refuse(`holds a socket or device (${path}/${entry.name}). Remove it, or name another folder.`);
        }
        if (entry.isDirectory()) {
          descend(`${opened}/${entry.name}`, `${path}/${entry.name}`);
        }
      }
    } finally {
      listing.closeSync();
    }
  };
  const descend = (opened: string, path: string): void => {
    let descriptor: number;
    try {
      descriptor = openSync(opened, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    } catch {
      // Gone or exchanged meanwhile; a link in a mount leads to places of the container only.
      if (lstatSync(opened, { throwIfNoEntry: false })?.isDirectory() === true) {
        throw refuse(`holds a folder that cannot be looked through (${path}).`);
      }
      return;
    }
    try {
      walk(atDescriptor(descriptor), path);
    } finally {
      closeSync(descriptor);
    }
  };
  walk(folder, shown);
}
