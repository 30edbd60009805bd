/** Input of console sign-in. */
import { z } from "zod";
import { SETUP_CODE_LENGTH } from "#server/auth/policy.ts";

/** Takes the bare code or a whole pasted set-up link. */
export const SetupCode = z
  .string()
  .max(400)
  .transform((text) => text.slice(text.lastIndexOf("#") + 1).trim())
  .pipe(
    z
      .string()
      .length(SETUP_CODE_LENGTH)
      .regex(/^[A-Za-z0-9_-]+$/),
  );
