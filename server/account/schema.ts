/** The caller's own account: factors, sessions, step-up. Browser-safe. */
import { z } from "zod";
import {
  MemberName,
  NewPassword,
  PasskeyName,
  PasskeyResponse,
  RecoveryCodeText,
  SESSION_METHODS,
  TotpCode,
  TypedPassword,
} from "#server/auth/schema.ts";

/** Who is signed in, as every screen may know it: what it shows and hides follows from the permissions. */
export const Viewer = z.object({
  memberId: z.string().nullable(),
  name: z.string(),
  email: z.string().nullable(),
  role: z.string().nullable(),
  permissions: z.array(z.string()),
  /** `missing`: the role asks for a second factor and none is enrolled; only enrolling is open. */
  secondFactor: z.enum(["verified", "missing"]),
  /** Whether the role asks for a second factor. */
  mfaRequired: z.boolean(),
  factors: z.object({ totp: z.boolean(), passkeys: z.number(), recoveryCodesLeft: z.number() }),
  /** Until then dangerous actions need no further proof; null = not proven. */
  steppedUpUntil: z.date().nullable(),
  /** When the session ends although it is used. */
  expiresAt: z.date(),
  /** When it ends because nobody uses it; use puts that off. */
  idleUntil: z.date(),
  /** The server's time of this answer, to count down by. */
  at: z.date(),
});
export type Viewer = z.infer<typeof Viewer>;

export const BeginTotp = z.strictObject({ password: TypedPassword });
export const TotpEnrolment = z.object({
  /** `otpauth://…`, what the QR code says. */
  uri: z.string(),
  /** The seed in base32, in groups of four, to be typed by hand. */
  secret: z.string(),
  /** A picture of `uri`: PNG as a data URL. */
  qr: z.string(),
});
export type TotpEnrolment = z.infer<typeof TotpEnrolment>;

export const ConfirmTotp = z.strictObject({ code: TotpCode });
/** Shown this once. Empty where the member keeps those they have. */
export const RecoveryCodes = z.object({ recoveryCodes: z.array(z.string()) });
export const RemoveTotp = z.strictObject({ password: TypedPassword, code: TotpCode });

export const PasskeyOptions = z.record(z.string(), z.unknown());
export const AddPasskey = z.strictObject({ name: PasskeyName, response: PasskeyResponse });
export const Passkey = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.date(),
  lastUsedAt: z.date().nullable(),
});
export type Passkey = z.infer<typeof Passkey>;
/** Whether passkeys can be made here: browsers know none for bare IP addresses. */
export const Passkeys = z.object({
  passkeys: z.array(Passkey),
  /** Null: can be made under the address of this request; else what to do, in words. */
  unavailable: z.string().nullable(),
});
export type Passkeys = z.infer<typeof Passkeys>;
export const PasskeyId = z.strictObject({ id: z.string().min(1).max(64) });
export const RenamePasskey = PasskeyId.extend({ name: PasskeyName });

export const ChangePassword = z.strictObject({ current: TypedPassword, next: NewPassword });
export const Rename = z.strictObject({ name: MemberName });

export const SessionSummary = z.object({
  id: z.string(),
  /** The session that asks. */
  current: z.boolean(),
  method: z.enum(SESSION_METHODS),
  /** What the browser calls itself; null = it said nothing, or the value cannot be read. */
  userAgent: z.string().nullable(),
  address: z.string().nullable(),
  createdAt: z.date(),
  lastSeenAt: z.date(),
  expiresAt: z.date(),
});
export type SessionSummary = z.infer<typeof SessionSummary>;
export const SessionId = z.strictObject({ id: z.string().min(1).max(64) });
export const EndedSessions = z.object({ ended: z.number() });

export const StepUpOptions = z.object({
  methods: z.array(z.enum(["totp", "passkey", "recovery", "password"])),
  /** PublicKeyCredentialRequestOptionsJSON, when a passkey can be used here. */
  passkey: PasskeyOptions.nullable(),
});
export type StepUpOptions = z.infer<typeof StepUpOptions>;
/** Exactly one proof. The password only where the member has no second factor. */
export const StepUp = z.union([
  z.strictObject({ code: TotpCode }),
  z.strictObject({ recoveryCode: RecoveryCodeText }),
  z.strictObject({ passkey: PasskeyResponse }),
  z.strictObject({ password: TypedPassword }),
]);
export type StepUp = z.infer<typeof StepUp>;
export const SteppedUp = z.object({ steppedUpUntil: z.date() });

export const ActivityQuery = z.strictObject({
  cursor: z.string().max(64).optional(),
  /** Which way the browser's paging goes; there is only one. */
  direction: z.literal("forward").optional(),
});
export const ActivityPage = z.object({
  events: z.array(
    z.object({
      seq: z.number(),
      at: z.date(),
      event: z.string(),
      outcome: z.string(),
      reason: z.string().nullable(),
      address: z.string().nullable(),
    }),
  ),
  nextCursor: z.string().nullable(),
});
export type ActivityPage = z.infer<typeof ActivityPage>;
