/** What a program in a container must not be able to change on the host, as text that can be compared before and after. */
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";

/** Folders whose entries are compared by name, mode, owner, size and time of the last change. */
const FOLDERS = ["/etc", "/root/.ssh", "/usr/bin", "/usr/sbin", "/usr/lib/systemd", "/boot", "/opt", "/dev"];
const SETTINGS = [
  "/proc/sys/kernel/core_pattern",
  "/proc/sys/kernel/modprobe",
  "/proc/sys/kernel/hostname",
  "/proc/sys/kernel/panic",
  "/proc/sys/kernel/sysrq",
  "/proc/sys/kernel/randomize_va_space",
  "/proc/sys/vm/overcommit_memory",
  "/proc/sys/vm/panic_on_oom",
  "/proc/sys/net/ipv4/ip_forward",
  "/proc/sys/fs/suid_dumpable",
  "/sys/kernel/uevent_helper",
  "/proc/modules",
  "/proc/swaps",
  "/proc/net/route",
  "/proc/net/dev_mcast",
];
/** Mounts, devices and links that containers of others come and go with. */
const COMES_AND_GOES = /docker|\/tmp\/|^\/dev\/(loop|shm|pts|mqueue)|veth/;

export async function hostState(docker: Docker): Promise<Record<string, string>> {
  const networks = await docker.listNetworks();
  return {
    ...Object.fromEntries(FOLDERS.map((folder) => [folder, listing(folder)])),
    ...Object.fromEntries(SETTINGS.map((file) => [file, steady(text(file))])),
    mounts: steady(text("/proc/self/mountinfo")),
    releaseAgents: releaseAgents(),
    networks: networks
      .map(({ Id, Name }) => `${Id} ${Name}`)
      .sort()
      .join("\n"),
  };
}

/** Processes on the host that belong to one of these containers. */
export function processesOf(containerIds: readonly string[]): string[] {
  return readdirSync("/proc").filter((name) => {
    const groups = /^\d+$/.test(name) ? text(`/proc/${name}/cgroup`) : "";
    return containerIds.some((id) => groups.includes(id));
  });
}

/** Ports somebody with the container's account listens on, outside of any container. */
export const listenersOfNobody = (): string[] =>
  ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) =>
    text(file)
      .split("\n")
      .filter((line) => /^\s*\d+: \S+ \S+ 0A (?:\S+ ){3}\s*65534 /.test(line)),
  );

/** Loop devices over files below `folder`. */
export const loopDevicesOver = (folder: string): string[] =>
  readdirSync("/sys/block").filter((name) => text(`/sys/block/${name}/loop/backing_file`).startsWith(folder));

function listing(folder: string): string {
  const hash = createHash("sha256");
  for (const name of names(folder)) {
    const path = join(folder, name);
    if (!COMES_AND_GOES.test(path)) {
      const { mode, uid, gid, size, mtimeMs } = lstatSync(path);
      // Terminals and random devices change when they are used.
      hash.update(`${path} ${mode} ${uid} ${gid} ${size} ${folder === "/dev" ? 0 : mtimeMs}\n`);
    }
  }
  return hash.digest("hex");
}

const releaseAgents = (): string =>
  names("/sys/fs/cgroup")
    .map((name) => `${name}: ${text(`/sys/fs/cgroup/${name}/release_agent`)}`)
    .join("\n");

function names(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

const steady = (content: string): string =>
  content
    .split("\n")
    .filter((line) => !COMES_AND_GOES.test(line))
    .join("\n");

/** Empty for what is not there. */
function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
