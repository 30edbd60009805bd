/**
 * Which host paths a container may be given to read, by their spelling alone (SBX-9, CVE-2026-27002, GHSA-ww6v). Pure, browser-safe.
 * Whether the path really lies in `security.fileSystem.allowedPaths` is decided by the worker on the resolved path, before each container.
 */

/** Where a program can write. Private to the run, sized, gone with it. */
export const SCRATCH_PATHS = ["/workspace", "/tmp"] as const;

/** Never given to a container, nor anything in them, nor a folder that holds them; no list of the configuration changes that. */
export const NEVER_MOUNTED = [
  "/boot",
  "/dev",
  "/etc",
  "/proc",
  "/run",
  "/sys",
  "/var/lib/containerd",
  "/var/lib/docker",
  "/var/run",
] as const;

const TARGET = /^\/mnt\/[a-z0-9][a-z0-9_-]{0,62}$/;
const HOME = /^\/(?:root|home\/[^/]+|home)$/;
const HIDDEN = /^~\/\./;
const HIDDEN_IN_HOME = /^\/(?:root|home\/[^/]+)\/\./;

/** @param earlier what is mounted already. @returns what is wrong and what to write instead; null = may be mounted. */
export function volumeProblem(
  { source, target, mode }: { source: string; target: string; mode: string },
  earlier: readonly { target: string }[],
): string | null {
  const written = `"${source}": "${target}:${mode}" is refused`;
  if (mode !== "ro") {
    return `${written}: what a run can write has to be limited in size, which a path of the host is not. A run gets private /workspace and /tmp ("/workspace": "/workspace:rw"); a host path is mounted with ":ro".`;
  }
  if (!TARGET.test(target)) {
    return `${written}: a host path appears in the container as /mnt/NAME, in lower case, such as "/mnt/data:ro".`;
  }
  if (earlier.some((volume) => volume.target === target)) {
    return `${written}: another volume has this place in the container. Give each its own.`;
  }
  if (/\/(?:\.{0,2}\/|\.{0,2}$)/.test(source.replace(/^\.\//, "/x/"))) {
    return `${written}: write the path without "..", ".", doubled or trailing slashes.`;
  }
  const reason = source.startsWith("/")
    ? neverMounted(source)
    : HIDDEN.test(source)
      ? "a hidden folder of a home"
      : null;
  return reason === null ? null : `${written}: it is ${reason}, which no configuration can open. Use another folder.`;
}

/** Why an absolute, normal path must not be mounted; null = nothing is known against it. */
export function neverMounted(path: string): string | null {
  const never = NEVER_MOUNTED.find((folder) => isWithin(path, folder) || isWithin(folder, path));
  if (never !== undefined) {
    return never === path ? "a folder of the system" : `a part of, or holds, the system's ${never}`;
  }
  if (HOME.test(path)) {
    return "a whole home with its keys and settings";
  }
  if (HIDDEN_IN_HOME.test(path)) {
    return "a hidden folder of a home";
  }
  return /(?:^|\/)(?:docker|containerd|podman|crio)[^/]*\.sock$/i.test(path) ? "a socket of a container engine" : null;
}

const isWithin = (path: string, folder: string): boolean =>
  folder === "/" || path === folder || path.startsWith(`${folder}/`);
