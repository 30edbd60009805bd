/** Constants of sign-in and sessions. Apart from schema.ts, so that the browser can use them without loading the validation library. */

/** Why a sign-in was refused, as it travels to the sign-in page. Some are followed by `:` and a detail. */
export const SIGN_IN_REFUSAL = {
  /** A link that opens nothing. */
  invalid: "LinkInvalid",
  /** Followed by the seconds to wait. */
  wait: "TooManyAttempts",
  unavailable: "Unavailable",
  /** An incident has shut the member out. Followed by what they are told. */
  locked: "Locked",
  /** Unknown, disabled or wrong: the same word for all. */
  credentials: "CredentialsInvalid",
  /** The password was right. Followed by what the member can prove: `totp`, `passkey`, `recovery`, comma-separated. */
  secondFactor: "SecondFactorRequired",
  secondFactorInvalid: "SecondFactorInvalid",
  passkey: "PasskeyInvalid",
  /** Followed by the field, `:` and an InputRefusal. */
  input: "InputInvalid",
  /** A new password was set by a link, and signing in with it is next. */
  passwordSet: "PasswordSet",
} as const;

/** What is wrong with a field of the invitation form. */
export type InputRefusal =
  | "password_short"
  | "password_long"
  | "password_common"
  | "password_personal"
  | "email_invalid"
  | "email_taken"
  | "name_invalid";

/** What to tell whoever chooses a password. */
export const PASSWORD_TEXTS = {
  password_short:
    "The new password is too short: use 12 characters or more. Several unrelated words are easy to remember.",
  password_long: "The new password is too long: use at most 256 characters.",
  password_common:
    "The new password is one that is tried first. Use several unrelated words, or let a password manager make one.",
  password_personal: "The new password is mostly your name or address. Use something that others cannot know of you.",
  password_same: "The new password is the one you have. Choose another.",
} as const;
export type PasswordProblem = Exclude<keyof typeof PASSWORD_TEXTS, "password_same">;

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
/** Where whoever is not signed in is sent. */
export const SIGN_IN_PAGE = "/sign-in";
/** Where a signed-in member without the second factor that the role asks for is sent. */
export const ENROL_PAGE = "/enrol";
/** Where members are sent whom an incident has shut out. */
export const LOCKED_PAGE = "/locked";
/** Where the sign-in library sends a browser when a sign-in or sign-out succeeded. */
export const AFTER_SIGN_IN = "/overview";

/** Whether a member of the role has to have a second factor. @param required names of roles, or `*` for all */
export const isFactorRequired = (required: readonly string[], role: string): boolean =>
  required.includes("*") || required.includes(role);

/**
 * The page to go to after a sign-in, when it is one of ours; otherwise the first page. Threat: a link that signs somebody in and then leads
 * elsewhere. Only what a browser resolves to a path of this server passes.
 */
export function localPath(next: string | null | undefined): string {
  if (next === null || next === undefined || next.length > 2_000 || !/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(next)) {
    return AFTER_SIGN_IN;
  }
  const here = "http://here.invalid";
  const url = URL.parse(next, here);
  // A path that became "//host" by resolving its dots would be read as another server.
  const isPage = url?.origin === here && !/^\/(?:$|\/|(?:api|sign-in|setup|enrol)(?:\/|$))/.test(url.pathname);
  return isPage ? url.pathname + url.search : AFTER_SIGN_IN;
}
