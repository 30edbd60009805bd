/**
 * The image's file tree from the distribution's own packages, for machines that reach a package mirror but no image registry.
 * The machine's own apt sources are used as they are: no mirror is named here.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { AppError } from "#server/core/errors.ts";

const PACKAGES = ["python3", "git", "ca-certificates", "libstdc++6"];
const LEFT_OUT = ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*"];

/** Runs in the finished tree ($1): no set-uid program, no place everyone can write except /tmp, no package lists. */
const FINISH = [
  `find "$1" -xdev -type f -perm /6000 -exec chmod a-s {} +`,
  `rm -rf "$1/var/tmp" "$1/run/lock"`,
  `ln -s /tmp "$1/var/tmp"`,
  `mkdir -m 0755 "$1/run/lock"`,
  `mkdir -p "$1/workspace" && chown 65534:65534 "$1/workspace"`,
  `rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/* "$1"/var/lib/apt/lists/* "$1"/var/log/* "$1"/var/cache/*`,
  `rm -f "$1/etc/hostname" "$1/etc/resolv.conf"`,
].join(" && ");

const NODE_TARGET = "/usr/local/bin/node";

/** Everything that shapes the tree, for the build's input hash. */
export const treeRecipe = (): string => JSON.stringify([PACKAGES, LEFT_OUT, FINISH, process.version, process.arch]);

export interface TreeBuild {
  /** A tar archive of the tree. */
  tar: Readable;
  /** Rejects when the tool failed; its last lines are in the message. */
  done: Promise<void>;
}

/** Starts `mmdebstrap`. @param onLine progress of the tool. @throws AppError NOT_CONFIGURED when this machine cannot do it. */
export function buildTree(onLine: (line: string) => void): TreeBuild {
  const suite = suiteName();
  const sources = aptSources();
  const node = realpathSync(process.execPath);
  const child = spawn(
    "mmdebstrap",
    [
      "--variant=minbase",
      `--include=${PACKAGES.join(",")}`,
      ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
      `--customize-hook=copy-in ${node} /usr/local/bin`,
      `--customize-hook=chmod 0755 "$1${NODE_TARGET}"`,
      `--customize-hook=${FINISH}`,
      suite,
      "-",
      ...sources,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const lastLines: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    for (const line of text.split(/[\r\n]+/).filter((part) => part.trim() !== "")) {
      lastLines.splice(0, Math.max(lastLines.length - 4, 0));
      lastLines.push(line);
      if (line.startsWith("I: ")) {
        onLine(line.slice(3));
      }
    }
  });
  const done = new Promise<void>((resolve, reject) => {
    child.on("error", () => reject(new AppError("NOT_CONFIGURED", `mmdebstrap is missing. ${INSTALL_HINT}`)));
    child.on("close", (code) =>
      code === 0
        ? resolve()
        : reject(new AppError("INTERNAL", `mmdebstrap ended with code ${code}: ${lastLines.join(" | ")}`)),
    );
  });
  return { tar: child.stdout, done };
}

export const INSTALL_HINT = "Install it as root with: apt-get install -y mmdebstrap";

function suiteName(): string {
  const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  const suite = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(release)?.[1];
  if (suite === undefined || !existsSync("/etc/apt")) {
    throw new AppError(
      "NOT_CONFIGURED",
      "This is not a Debian-like system and no registry was reachable. Build the image where one is: docker build -t openclaw/sandbox:latest sandbox-worker/images",
    );
  }
  return suite;
}

/** The files apt itself reads on this machine. */
function aptSources(): string[] {
  const folder = "/etc/apt/sources.list.d";
  const parts = existsSync(folder) ? readdirSync(folder).filter((name) => /\.(list|sources)$/.test(name)) : [];
  return ["/etc/apt/sources.list", ...parts.map((name) => join(folder, name))].filter(
    (path) => existsSync(path) && statSync(path).size > 0,
  );
}
