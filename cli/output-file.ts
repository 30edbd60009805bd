/** Where a long result goes: standard output, or a file that only its owner can read and that is never overwritten. */
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { CliContext } from "./context.ts";
import { AppError, hasErrorCode, messageOf } from "#server/core/errors.ts";

export interface Output {
  /** Null for standard output. */
  file: string | null;
  /** Text of whole lines. Resolves when more may come. */
  write(text: string): Promise<void>;
  /** A file is durable when it resolves. */
  close(): Promise<void>;
}

export function toStdout(context: CliContext): Output {
  return {
    file: null,
    async write(text) {
      if (text !== "") {
        // The context ends what it prints with a line end of its own.
        context.out(text.slice(0, -1));
      }
    },
    async close() {
      // Nothing to give back.
    },
  };
}

/** @throws AppError CONFLICT when the file is there; INVALID_INPUT when it cannot be made. */
export async function newOutput(file: string): Promise<Output> {
  try {
    return toFile(file, await open(file, "wx", 0o600));
  } catch (error) {
    if (hasErrorCode(error, "EEXIST")) {
      throw new AppError("CONFLICT", `${file} is there already and is never overwritten. Choose another name.`, {
        cause: error,
      });
    }
    throw new AppError("INVALID_INPUT", `${file} cannot be written: ${messageOf(error)}.`, { cause: error });
  }
}

/** Goes on behind the first `bytes` of a file; what it held beyond them is cut off. @throws AppError INVALID_INPUT */
export async function continueOutput(file: string, bytes: number): Promise<Output> {
  try {
    const handle = await open(file, constants.O_WRONLY | constants.O_APPEND);
    await handle.truncate(bytes);
    return toFile(file, handle);
  } catch (error) {
    throw new AppError("INVALID_INPUT", `${file} cannot be written: ${messageOf(error)}.`, { cause: error });
  }
}

function toFile(file: string, handle: FileHandle): Output {
  return {
    file,
    write: (text) => handle.appendFile(text),
    async close() {
      await handle.datasync();
      await handle.close();
    },
  };
}
