/** Replaces a file as one step: after a crash there is the old content or the new, never a part. */
import { randomBytes } from "node:crypto";
import { closeSync, fchmodSync, fsyncSync, linkSync, openSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { hasErrorCode } from "#server/core/errors.ts";

/**
 * Durable when it returns. One writer at a time per file: the draft has a fixed name, so that what a crash leaves behind, possibly a secret,
 * is overwritten by the next write.
 * @param mode permission bits of the file, whatever the umask.
 * @throws the system's error; the old file then stands.
 */
export function writeFileAtomic(file: string, content: string | Uint8Array, mode: number): void {
  const draft = `${file}.new`;
  const descriptor = openSync(/*turbopackIgnore: true*/ draft, "w", mode);
  try {
    fchmodSync(descriptor, mode);
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
    renameSync(draft, file);
  } catch (error) {
    unlinkSync(draft);
    throw error;
  } finally {
    closeSync(descriptor);
  }
  syncFolder(dirname(file));
}

/**
 * Makes a file that is not there yet, complete or not at all. Of two processes that do it at the same time one wins; the other's content is
 * dropped, so read the file afterwards. @param mode permission bits, less the umask.
 */
export function createFileOnce(file: string, content: string, mode: number): void {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const descriptor = openSync(/*turbopackIgnore: true*/ draft, "wx", mode);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!hasErrorCode(error, "EEXIST")) {
      throw error;
    }
  } finally {
    unlinkSync(draft);
  }
}

/** Makes renaming, adding and removing in a folder durable. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
