/** The Node.js that runs the product: the pinned one among the npm packages, else a recent one of this machine. */
import { existsSync } from "node:fs";
import { capture } from "../lib/exec.mjs";
import { inRoot } from "../lib/project.mjs";
import { SetupProblem } from "../lib/problem.mjs";

const NEEDED_MAJOR = 24;

/** Absolute path of (or name on the PATH for) Node.js 24 or newer. */
export async function findNode() {
  const pinned = inRoot("node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  for (const candidate of [pinned, process.execPath, "node"]) {
    if ((candidate !== pinned || existsSync(pinned)) && (await majorOf(candidate)) >= NEEDED_MAJOR) {
      return candidate;
    }
  }
  throw new SetupProblem(
    `Node.js ${NEEDED_MAJOR} or newer is needed, and there is no packaged one for ${process.platform}-${process.arch}. Install it from https://nodejs.org, then try again.`,
  );
}

async function majorOf(node) {
  const { output } = await capture(node, ["--version"]);
  return Number(/^v(\d+)\./.exec(output)?.[1] ?? 0);
}
