/** Installs Debian packages, where that is possible. */
import { capture, runLogged } from "./exec.mjs";
import { isRoot } from "./project.mjs";

const APT_ENV = { DEBIAN_FRONTEND: "noninteractive" };

let queue = Promise.resolve();

export async function canInstall() {
  return isRoot && (await capture("apt-get", ["--version"])).code === 0;
}

/** Installs `packages` without asking; one call at a time, since apt locks the machine. @throws SetupProblem */
export function aptInstall(packages) {
  const next = queue.then(() => install(packages));
  queue = next.catch(() => undefined);
  return next;
}

async function install(packages) {
  if (!(await areKnown(packages))) {
    await update();
  }
  try {
    await tryInstall(packages);
  } catch {
    // The lists were too old: the files they name are gone.
    await update();
    await tryInstall(packages);
  }
}

async function areKnown(packages) {
  for (const name of packages) {
    const { output } = await capture("apt-cache", ["policy", name]);
    if (!/Candidate: (?!\(none\))\S/.test(output)) {
      return false;
    }
  }
  return true;
}

function update() {
  return runLogged("apt-update", "apt-get", ["update"], { env: APT_ENV });
}

function tryInstall(packages) {
  const args = ["install", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...packages];
  return runLogged(`apt-install-${packages[0]}`, "apt-get", args, { env: APT_ENV });
}
