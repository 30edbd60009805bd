/** `security.incident`: whom to call. */
import { z } from "zod";

const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1, "must not be empty")
    .max(max)
    .regex(/^[^\p{Cc}]+$/u, "one line without control characters");

const Contact = z
  .strictObject({
    name: text(100).describe("Who it is."),
    role: text(100).describe("What they are called for."),
    email: z.email().optional().describe("Their address."),
    phone: z
      .string()
      .regex(/^\+?[0-9][0-9 ()./-]{2,30}$/, "digits, blanks and + ( ) . / - only")
      .optional()
      .describe("Their number."),
  })
  .refine(({ email, phone }) => email !== undefined || phone !== undefined, {
    error: "needs an email or a phone",
  });

export const Incident = z
  .strictObject({
    contacts: z
      .array(Contact)
      .max(50)
      .prefault([])
      .describe("Whom to call when something happens; shown with incidents and in their reports."),
  })
  .prefault({})
  .describe("What an incident needs.");
