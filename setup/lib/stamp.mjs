/** Tells whether the inputs of a step changed since it last succeeded. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE, ROOT } from "./project.mjs";

/**
 * SHA-256 over names and contents of all files below `inputs`.
 * @param inputs files and folders relative to `root`; missing ones count as absent. @param ignore skips a file by its relative path.
 */
export function digest(inputs, { root = ROOT, ignore = () => false } = {}) {
  const hash = createHash("sha256");
  for (const path of inputs.flatMap((input) => filesBelow(root, input)).sort()) {
    if (!ignore(path)) {
      hash.update(`${path}\0`).update(
        createHash("sha256")
          .update(readFileSync(join(root, path)))
          .digest(),
      );
    }
  }
  return hash.digest("hex");
}

function filesBelow(root, path) {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (found === undefined) {
    return [];
  }
  return found.isDirectory()
    ? readdirSync(join(root, path)).flatMap((name) => filesBelow(root, join(path, name)))
    : [path];
}

export function isStamped(name, value, folder = CACHE) {
  try {
    return readFileSync(join(folder, `${name}.stamp`), "utf8") === value;
  } catch {
    return false;
  }
}

export function stamp(name, value, folder = CACHE) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.stamp`), value);
}

/** Before a step starts: if it is cut off, its result must not count as current. */
export function unstamp(name, folder = CACHE) {
  rmSync(join(folder, `${name}.stamp`), { force: true });
}
