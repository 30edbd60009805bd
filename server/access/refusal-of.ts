/** A dry run: what would be said to a change, in place of an exception. */
import { z } from "zod";
import { isAppError } from "#server/core/errors.ts";

/** Why a change would be refused; null = it would not. */
export const Refused = z.object({ code: z.string(), message: z.string(), reason: z.string().nullable() }).nullable();
export type Refused = z.infer<typeof Refused>;

/** @throws whatever `check` throws that is no considered refusal. */
export function refusalOf(check: () => void): Refused {
  try {
    check();
    return null;
  } catch (error) {
    if (!isAppError(error)) {
      throw error;
    }
    const reason = error.details?.["reason"];
    return { code: error.code, message: error.message, reason: typeof reason === "string" ? reason : null };
  }
}
