/** A file operation that the policy or the state of the file system refuses. */
import { AppError, type AppErrorCode } from "#server/core/errors.ts";
import type { FileRefusal } from "#server/files/schema.ts";

const MEANINGS: Partial<Record<FileRefusal["code"], AppErrorCode>> = {
  file_missing: "NOT_FOUND",
  file_exists: "CONFLICT",
  path_form: "INVALID_INPUT",
};

export class FileRefused extends AppError {
  readonly refusal: FileRefusal;

  constructor(refusal: FileRefusal) {
    super(MEANINGS[refusal.code] ?? "FORBIDDEN", refusal.message, {
      details: { code: refusal.code, because: refusal.because },
    });
    this.refusal = refusal;
  }
}
