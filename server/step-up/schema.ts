/** Authenticators of people who write from platforms, as the console and the command line ask for them. Browser-safe. */
import { z } from "zod";
import { SubjectId } from "#server/access/schema.ts";

export const UserFactorOf = z.strictObject({ userId: SubjectId });
export const ConfirmUserFactor = z.strictObject({
  userId: SubjectId,
  code: z.string().regex(/^\d{6}$/, "six digits"),
});

export const UserFactorState = z.object({
  userId: z.string(),
  /** A confirmed authenticator. */
  active: z.boolean(),
  /** One that was begun and not confirmed. */
  pending: z.boolean(),
  /** Commands that ask for its code. */
  commands: z.array(z.string()),
});

/** Shown once, to be handed to the person. */
export const UserFactorEnrolment = z.object({ uri: z.string(), secret: z.string() });
export type UserFactorEnrolment = z.infer<typeof UserFactorEnrolment>;
/** With the picture of the address as a data URL. */
export const ShownEnrolment = UserFactorEnrolment.extend({ qr: z.string() });
