/**
 * Reading and writing the file itself.
 * Threat: a huge, binary or half-written file; a reader that finds half of a write; secrets readable by other accounts.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { writeFileAtomic } from "#server/core/atomic-write.ts";
import { AppError, hasErrorCode, messageOf } from "#server/core/errors.ts";
import { readConfigText } from "#server/config/read.ts";

const MAX_BYTES = 1024 * 1024;

/**
 * The text of the configuration file, a byte order mark included; undefined when there is no file.
 * @throws AppError("CONFIG_INVALID") when it cannot be read as text of at most 1 MiB.
 */
export function readConfigFile(file: string): string | undefined {
  let descriptor: number;
  try {
    // Without O_NONBLOCK a named pipe in its place would hold the process for ever.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (hasErrorCode(error, "ENOENT") || hasErrorCode(error, "ENOTDIR")) {
      return undefined;
    }
    throw new AppError("CONFIG_INVALID", `The configuration ${file} cannot be opened: ${messageOf(error)}.`, {
      cause: error,
    });
  }
  try {
    const facts = fstatSync(descriptor);
    if (!facts.isFile()) {
      throw new AppError("CONFIG_INVALID", `The configuration ${file} is not a file. Name a JSON5 file.`);
    }
    if (facts.size > MAX_BYTES) {
      throw new AppError(
        "CONFIG_INVALID",
        `The configuration ${file} is larger than ${MAX_BYTES} bytes. Remove what does not belong there.`,
      );
    }
    return decodeUtf8(file, readFileSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function decodeUtf8(file: string, bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new AppError("CONFIG_INVALID", `The configuration ${file} is not UTF-8 text. Save it as UTF-8.`, {
      cause: error,
    });
  }
}

const PRIVATE = 0o600;

/**
 * Replaces the file in one step, with the mode that its own `security.storage.configPermissions` asks for, by default readable by its owner
 * alone. A symbolic link stays one: what it points to is replaced.
 * @throws AppError("CONFIG_INVALID") when the folder cannot be written.
 */
export function writeConfigFile(file: string, text: string): void {
  try {
    const target = realPathOf(file);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    const asked = readConfigText(text).soundPart?.security.storage.configPermissions ?? PRIVATE;
    writeFileAtomic(target, text, asked | PRIVATE);
  } catch (error) {
    throw new AppError("CONFIG_INVALID", `The configuration ${file} cannot be written: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

function realPathOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
