/** Paths of the project that every set-up step works with. */
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
/** What the set-up remembers and logs; can be deleted at any time. */
export const CACHE = join(ROOT, ".cache", "setup");

export function inRoot(...parts) {
  return join(ROOT, ...parts);
}

export function logFile(name) {
  mkdirSync(CACHE, { recursive: true });
  return join(CACHE, `${name}.log`);
}

export const isRoot = process.getuid?.() === 0;
