/** Whether a file is still the one it was: for watching by looking, which works on every file system and for every way of saving. */
import { statSync } from "node:fs";
import { messageOf } from "#server/core/errors.ts";

/** Changes whenever the file is saved, replaced, created or removed. Follows symbolic links. */
export function fileFacts(file: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(":");
  } catch (error) {
    return messageOf(error);
  }
}
