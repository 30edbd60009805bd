/** Secrets the installation makes for itself: random bytes in a file only its owner can read. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createFileOnce } from "#server/core/atomic-write.ts";
import { AppError, hasErrorCode } from "#server/core/errors.ts";

const BYTES = 32;

/**
 * The 32 bytes in `file` (base64), made on first use. Two processes that start together agree: the file appears complete or not at all.
 * @throws AppError("CONFIG_INVALID") when the file is there but damaged; a new secret would silently void everything signed with the old one.
 */
export function readOrCreateSecret(file: string): Buffer {
  const existing = readSecret(file);
  if (existing !== null) {
    return existing;
  }
  createFileOnce(file, `${randomBytes(BYTES).toString("base64")}\n`, 0o600);
  const created = readSecret(file);
  if (created === null) {
    throw new AppError("CONFIG_INVALID", `The secret file ${file} vanished while it was being made. Start again.`);
  }
  return created;
}

function readSecret(file: string): Buffer | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (hasErrorCode(error, "ENOENT")) {
      return null;
    }
    throw error;
  }
  const bytes = Buffer.from(text.trim(), "base64");
  if (bytes.length !== BYTES) {
    throw new AppError(
      "CONFIG_INVALID",
      `The secret file ${file} is damaged (${bytes.length} of ${BYTES} bytes). Restore it from a backup.`,
    );
  }
  return bytes;
}
