/**
 * File systems of a fixed size for workspaces: an ext4 image on a loop device, given to the engine as a volume. Needs root and a local engine.
 * A few are kept ready, because making one takes tens of milliseconds; each serves one run and is destroyed.
 * Threat: a program that fills the host's disk. The image's size is the limit, and none is made that the host's disk could not hold.
 */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, stat, statfs, truncate, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { AppError } from "#server/core/errors.ts";
import { randomId } from "#server/core/ids.ts";
import type { Logger } from "#server/core/log.ts";
import { isMissing, withinLimit } from "#worker/connect-engine.ts";
import { LABEL } from "#worker/container-spec.ts";

const run = promisify(execFile);
/** Stays free on the host's disk beyond what all images may grow to. */
const HOST_RESERVE_BYTES = 512 * 1024 * 1024;
const ENGINE_LIMIT_MS = 30_000;
const SUFFIX = ".img";

export interface WorkspaceDisk {
  /** Name of the engine's volume. */
  volume: string;
  /** Destroys it; the container must be gone. */
  release(): Promise<void>;
}

interface DiskShape {
  bytes: number;
  uid: number;
  gid: number;
}

interface LoopDiskOptions {
  docker: Docker;
  /** Folder of the images. */
  folder: string;
  workerId: string;
  instanceId: string;
  /** Disks to keep ready. */
  spare: number;
  log: Logger;
}

export interface LoopDisks {
  /** @throws AppError NOT_CONFIGURED when the host's disk cannot hold another one. */
  take(shape: DiskShape): Promise<WorkspaceDisk>;
  /** Destroys what nobody holds any more: of workers that are gone, and of this one where the engine was not ready to let go. */
  reap(isAlive: (workerId: string) => boolean): Promise<void>;
  close(): Promise<void>;
}

/** True when this process can make such disks. */
export async function canMakeLoopDisks(localEngine: boolean): Promise<boolean> {
  if (!localEngine || process.getuid?.() !== 0) {
    return false;
  }
  try {
    await run("losetup", ["--find"]);
    await run("mkfs.ext4", ["-V"]);
    return true;
  } catch {
    return false;
  }
}

export function createLoopDisks(options: LoopDiskOptions): LoopDisks {
  const { docker, folder, workerId, instanceId, log } = options;
  let ready: { key: string; disk: WorkspaceDisk }[] = [];
  /** Disks that are in use or ready, with their bytes. */
  const held = new Map<string, number>();
  let refilling: Promise<void> | null = null;
  let closed = false;

  /** An empty file system; made once per size and owner, then copied (it is sparse: a copy costs about 2 ms). */
  async function template(shape: DiskShape): Promise<string> {
    const path = join(folder, `template-${keyOf(shape)}`);
    if (await exists(path)) {
      return path;
    }
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const unfinished = `${path}.${randomId("new", 8)}`;
    await writeFile(unfinished, "", { mode: 0o600 });
    await truncate(unfinished, shape.bytes);
    const ownership = `root_owner=${shape.uid}:${shape.gid},lazy_itable_init=1,nodiscard`;
    // No journal and no reserve for root: nothing in it outlives the run. Blocks and inodes are given, because what mkfs chooses for
    // small disks costs more than 5 % of them.
    const shapeOptions = ["-b", "4096", "-i", "16384", "-m", "0", "-O", "^has_journal"];
    await run("mkfs.ext4", ["-q", "-F", ...shapeOptions, "-E", ownership, unfinished]);
    await run("debugfs", ["-w", "-R", "rmdir lost+found", unfinished]);
    await rename(unfinished, path);
    return path;
  }

  async function make(shape: DiskShape): Promise<WorkspaceDisk> {
    const source = await template(shape);
    await ensureSpace(shape.bytes);
    const name = `openclaw-${workerId}-${randomId("d", 10)}`;
    const image = join(folder, `${name}${SUFFIX}`);
    held.set(name, shape.bytes);
    const release = async (): Promise<void> => {
      held.delete(name);
      // What the engine still holds is found by `reap`.
      await destroy(name).catch((error: unknown) =>
        log.warn({ err: error, volume: name }, "workspace disk not removed yet"),
      );
    };
    try {
      await copySparse(source, image);
      const { stdout } = await run("losetup", ["--find", "--show", image]);
      await docker.createVolume({
        Name: name,
        Driver: "local",
        DriverOpts: { type: "ext4", device: stdout.trim(), o: "nosuid,nodev,noatime" },
        Labels: { [LABEL.sandbox]: "1", [LABEL.instance]: instanceId, [LABEL.worker]: workerId },
      });
    } catch (error) {
      await release();
      throw error;
    }
    return { volume: name, release };
  }

  async function ensureSpace(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(folder);
    const promised = [...held.values()].reduce((sum, size) => sum + size, 0);
    if (bavail * bsize < promised + bytes + HOST_RESERVE_BYTES) {
      throw new AppError(
        "NOT_CONFIGURED",
        "The host's disk has no room for another workspace of this size. Free some space or lower security.sandboxing.docker.limits.disk.",
      );
    }
  }

  /** Volume, loop device and image of that name, in this order and whichever are there. @throws while the engine holds the volume. */
  async function destroy(name: string): Promise<void> {
    try {
      await withinLimit(docker.getVolume(name).remove(), ENGINE_LIMIT_MS);
    } catch (error) {
      if (!isMissing(error)) {
        throw error;
      }
    }
    for (const device of await devicesOf(`${name}${SUFFIX}`)) {
      await run("losetup", ["--detach", device]);
    }
    await rm(join(folder, `${name}${SUFFIX}`), { force: true });
  }

  function refill(shape: DiskShape): void {
    refilling ??= (async () => {
      const key = keyOf(shape);
      try {
        const outdated = ready.filter((entry) => entry.key !== key);
        ready = ready.filter((entry) => entry.key === key);
        await Promise.all(outdated.map(({ disk }) => disk.release()));
        while (!closed && ready.length < options.spare) {
          ready.push({ key, disk: await make(shape) });
        }
      } catch (error) {
        log.warn({ err: error }, "no workspace disks could be made ahead");
      } finally {
        refilling = null;
      }
    })();
  }

  return {
    async take(shape) {
      const key = keyOf(shape);
      const index = ready.findIndex((entry) => entry.key === key);
      const [entry] = index === -1 ? [] : ready.splice(index, 1);
      const disk = entry?.disk ?? (await make(shape));
      return {
        volume: disk.volume,
        release: async () => {
          await disk.release();
          // Ahead of the next run, and not while this one is still on its way.
          refill(shape);
        },
      };
    },

    async reap(isAlive) {
      const files = (await exists(folder)) ? await readdir(folder) : [];
      const names = files.filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length));
      const filters = JSON.stringify({ label: [`${LABEL.instance}=${instanceId}`] });
      const { Volumes: volumes } = await withinLimit(docker.listVolumes({ filters }), ENGINE_LIMIT_MS);
      for (const name of new Set([...names, ...volumes.map((volume) => volume.Name)])) {
        const owner = /^openclaw-(wrk_[0-9a-z]+)-/.exec(name)?.[1];
        if (owner !== undefined && (owner === workerId ? !held.has(name) : !isAlive(owner))) {
          await destroy(name);
        }
      }
    },

    async close() {
      closed = true;
      await refilling;
      await Promise.all(ready.splice(0).map(({ disk }) => disk.release()));
    },
  };
}

const keyOf = (shape: DiskShape): string => `${shape.bytes}-${shape.uid}-${shape.gid}`;

/** Loop devices whose image has that file name, wherever it lies and even when it was deleted. */
async function devicesOf(file: string): Promise<string[]> {
  const { stdout } = await run("losetup", ["--list", "--noheadings", "--output", "NAME,BACK-FILE"]);
  return stdout.split("\n").flatMap((line) => {
    const [device = "", image = ""] = line.trim().split(/\s+/);
    return basename(image) === file ? [device] : [];
  });
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A reflink where the file system knows them, else `cp` that keeps holes. */
async function copySparse(source: string, target: string): Promise<void> {
  try {
    await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
  } catch {
    await run("cp", ["--sparse=always", "--no-clobber", source, target]);
  }
}
