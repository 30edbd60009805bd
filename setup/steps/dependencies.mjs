/** The npm packages, exactly as the lockfile names them. */
import { existsSync, readFileSync } from "node:fs";
import { runLogged } from "../lib/exec.mjs";
import { inRoot } from "../lib/project.mjs";
import { step } from "../lib/report.mjs";

export async function installDependencies() {
  const lock = readJson("package-lock.json");
  const installed = readJson("node_modules/.package-lock.json");
  if (lock !== null && installed !== null && isInstalled(lock, installed)) {
    return;
  }
  await step("Installing npm packages", () => runNpm(["ci", "--include=dev", "--include=optional"]));
}

/**
 * Compares the lockfile with the one npm keeps inside node_modules.
 * Optional packages of other platforms are in the first only.
 */
export function isInstalled(lock, installed) {
  return Object.entries(lock.packages ?? {}).every(([path, wanted]) => {
    const found = installed.packages?.[path];
    return path === "" || (found === undefined ? wanted.optional === true : found.version === wanted.version);
  });
}

function runNpm(args) {
  const npm = process.env.npm_execpath;
  const [file, first] =
    npm !== undefined && npm.endsWith(".js") && existsSync(npm) ? [process.execPath, [npm]] : ["npm", []];
  return runLogged("npm-ci", file, [...first, ...args], {
    problem:
      "npm could not install the packages. Check the network and the registry that `npm config get registry` names, then try again.",
  });
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(inRoot(path), "utf8"));
  } catch {
    return null;
  }
}
