/** Constants of sign-in and sessions. Apart from schema.ts, so that the browser can use them without loading the validation library. */

/** Why a sign-in was refused, as it travels to the sign-in page. Some are followed by `:` and a detail. */
export const SIGN_IN_REFUSAL = {
  /** A link that opens nothing. */
  invalid: "LinkInvalid",
  /** Followed by the seconds to wait. */
  wait: "TooManyAttempts",
  unavailable: "Unavailable",
  /** Unknown, disabled or wrong: the same word for all. */
  credentials: "CredentialsInvalid",
  /** The password was right. Followed by what the member can prove: `totp`, `passkey`, `recovery`, comma-separated. */
  secondFactor: "SecondFactorRequired",
  secondFactorInvalid: "SecondFactorInvalid",
  passkey: "PasskeyInvalid",
  /** Followed by the field, `:` and a word of INPUT_REFUSALS. */
  input: "InputInvalid",
  /** A new password was set by a link, and signing in with it is next. */
  passwordSet: "PasswordSet",
} as const;

/** What is wrong with a field of the invitation form. */
export const INPUT_REFUSALS = [
  "password_short",
  "password_long",
  "password_common",
  "password_personal",
  "email_invalid",
  "email_taken",
  "name_invalid",
] as const;
export type InputRefusal = (typeof INPUT_REFUSALS)[number];

/** Milliseconds without input after which a session ends. */
export const SESSION_IDLE_MS = 30 * 60_000;
/** Milliseconds after which a session ends in any case. */
export const SESSION_ABSOLUTE_MS = 12 * 60 * 60_000;
/** Milliseconds for which a proof of identity opens dangerous actions. */
export const STEP_UP_MS = 10 * 60_000;
/** Request header with value `1` when a person is at the page; background refreshes leave it out, so they do not keep a session alive. */
export const ACTIVE_HEADER = "x-openclaw-active";
/** Characters of a link's code: 32 bytes, base64url. */
export const SETUP_CODE_LENGTH = 43;
/** Characters of a password that is being chosen. */
export const PASSWORD_MIN = 12;
export const PASSWORD_MAX = 256;
/** One-time codes that a member gets at once. */
export const RECOVERY_CODES = 10;
/** Where the sign-in library sends a browser when a sign-in or sign-out succeeded. */
export const AFTER_SIGN_IN = "/overview";
