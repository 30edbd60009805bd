/** Words of console sign-in: what is typed, pasted and sent. Browser-safe. */
import { z } from "zod";
import { PASSWORD_MAX, PASSWORD_MIN, SETUP_CODE_LENGTH } from "#server/auth/policy.ts";

/** Takes the bare code or a whole pasted link. */
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

/** Stored and compared in lower case. Deliverability is not judged: nothing is sent there. */
export const EmailAddress = z
  .string()
  .trim()
  .max(254)
  .toLowerCase()
  .regex(/^[^\s@\p{Cc}]{1,64}@[^\s@\p{Cc}]{1,189}$/u, "an address such as ada@example.com");

// Invisible characters and those that turn the direction of text can make one name look like another.
export const MemberName = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .regex(/^[^\p{Cc}\p{Cf}\p{Co}\p{Cs}]+$/u, "letters, digits, blanks and signs only");

/** A password as somebody types it to prove it: only bounded, whatever rules once made it. */
export const TypedPassword = z.string().min(1).max(PASSWORD_MAX);
/** A password that is being chosen; what else it must satisfy is in password-rules.ts. */
export const NewPassword = z.string().min(PASSWORD_MIN).max(PASSWORD_MAX);

/** Six digits; blanks that authenticators show between them are dropped. */
export const TotpCode = z
  .string()
  .max(16)
  .transform((text) => text.replaceAll(/\s/g, ""))
  .pipe(z.string().regex(/^\d{6}$/, "six digits"));

/** 24 symbols of base32 in any grouping and case. */
export const RecoveryCodeText = z
  .string()
  .max(64)
  .transform((text) => text.replaceAll(/[\s-]/g, "").toUpperCase())
  .pipe(z.string().regex(/^[A-Z2-7]{24}$/, "24 letters and digits, as they were shown"));

export const PasskeyName = z.string().trim().min(1).max(60);
/** What the browser's authenticator answered, as `@simplewebauthn/browser` gives it; judged by the library. */
export const PasskeyResponse = z.looseObject({ id: z.string().max(2_048) });

/** What a session was opened with. */
export const SESSION_METHODS = ["invitation", "password", "totp", "recovery_code", "passkey"] as const;
export type SessionMethod = (typeof SESSION_METHODS)[number];

/** What the sign-in page is told of an invitation before it is accepted. */
export const InvitationPreview = z.object({
  email: z.string().nullable(),
  name: z.string().nullable(),
  role: z.string(),
  /** The set-up link: whoever opens it becomes the first administrator and names the address. */
  firstAdmin: z.boolean(),
  /** `password`: gives an existing member a new password; no name is asked for. */
  purpose: z.enum(["member", "password"]),
});
export type InvitationPreview = z.infer<typeof InvitationPreview>;
