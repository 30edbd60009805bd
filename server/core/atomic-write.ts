/** Replaces a file as one step: after a crash there is the old content or the new, never a part. */
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Durable when it returns. One writer at a time per file: the draft has a fixed name, so that what a crash leaves behind, possibly a secret,
 * is overwritten by the next write.
 * @param mode permission bits of the file, whatever the umask.
 * @throws the system's error; the old file then stands.
 */
export function writeFileAtomic(file: string, content: string | Uint8Array, mode: number): void {
  const draft = `${file}.new`;
  const descriptor = openSync(draft, "w", mode);
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

/** Makes the renaming itself durable. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
