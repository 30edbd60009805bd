/** Input of a use case, checked: whoever calls it (command line, API, console) gets the same words. */
import type { z } from "zod";
import { AppError } from "#server/core/errors.ts";

/**
 * @param noun what the input describes, for the message: `Role`, `Token` …
 * @throws AppError INVALID_INPUT that names the first field at fault.
 */
export function parseInput<T extends z.ZodType>(schema: T, noun: string, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) {
    return parsed.data;
  }
  const [issue] = parsed.error.issues;
  throw new AppError("INVALID_INPUT", `${noun} ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "is not valid"}.`);
}
