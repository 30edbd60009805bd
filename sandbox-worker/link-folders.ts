/**
 * Folders of the host in which the sockets of runs lie, one for each container that gets one. Nobody but this process and root reaches them
 * from outside: they lie in a folder of the home that is closed to others.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { randomId } from "#server/core/ids.ts";

/** The end of a socket's path that comes after the folder; the kernel takes 107 bytes in all (unix(7)). */
const SOCKET_SUFFIX_BYTES = "/gateway.sock".length;
const MAX_PATH_BYTES = 107;

export interface LinkFolders {
  /** @throws Error when the home's path is too long for a socket in it. */
  make(): string;
  remove(folder: string): void;
}

/** @param root made here; folders of processes that are gone are removed. */
export function openLinkFolders(root: string): LinkFolders {
  const own = join(root, String(process.pid));
  mkdirSync(root, { recursive: true, mode: 0o700 });
  for (const pid of readdirSync(root)) {
    if (pid === String(process.pid) || !existsSync(`/proc/${pid}`)) {
      rmSync(join(root, pid), { recursive: true, force: true });
    }
  }
  return {
    make() {
      const folder = join(own, randomId("l", 8));
      if (Buffer.byteLength(folder) + SOCKET_SUFFIX_BYTES > MAX_PATH_BYTES) {
        throw new Error(`The path ${folder} is too long for a socket. Choose a shorter OPENCLAW_HOME.`);
      }
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // The container sees this folder alone, with the rights it has here.
      chmodSync(folder, 0o711);
      return folder;
    },
    remove: (folder) => rmSync(folder, { recursive: true, force: true }),
  };
}
