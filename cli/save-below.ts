/**
 * Writes a file below a folder that the operator named.
 * Threat: a path, or a link that lies in the folder, that leads out of it; a file that is there already.
 */
import { closeSync, mkdirSync, writeFileSync } from "node:fs";
import { AppError, hasErrorCode, messageOf } from "#server/core/errors.ts";
import { atDescriptor, openPath } from "#server/files/index.ts";

/**
 * @param folder made when it is not there; what leads to it is the operator's choice and may hold links.
 * @param path below it; what lies between is made, and a link in it is not followed.
 * @throws AppError CONFLICT when the file is there; FORBIDDEN when the path leads out or through a link, INVALID_INPUT for a folder that
 * cannot be used.
 */
export function saveBelow(folder: string, path: string, content: Uint8Array): void {
  const parts = path.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..") || path.includes("\0")) {
    throw new AppError("FORBIDDEN", `"${path}" leads out of the folder.`);
  }
  const name = parts.pop() ?? "";
  let held = openFolder(folder);
  try {
    for (const part of parts) {
      makeFolder(atDescriptor(held, part));
      const next = openPath(part, atDescriptor(held)).descriptor;
      closeSync(held);
      held = next;
    }
    // Exclusive: neither overwrites nor follows a link.
    writeFileSync(atDescriptor(held, name), content, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (hasErrorCode(error, "EEXIST")) {
      throw new AppError("CONFLICT", `${folder}/${path} is there already and is never overwritten.`, { cause: error });
    }
    if (hasErrorCode(error, "ENOTDIR")) {
      throw new AppError("FORBIDDEN", `${folder}/${path} leads through something that is no folder.`, { cause: error });
    }
    throw error;
  } finally {
    closeSync(held);
  }
}

function openFolder(folder: string): number {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return openPath("", folder).descriptor;
  } catch (error) {
    throw new AppError("INVALID_INPUT", `${folder} is no folder that can be used: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!hasErrorCode(error, "EEXIST")) {
      throw error;
    }
  }
}
