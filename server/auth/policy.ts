/** Constants of sign-in and sessions. Apart from schema.ts, so that the browser can use them without loading the validation library. */

/** Why a sign-in was refused, as it travels to the sign-in page. `wait` is followed by `:` and the seconds to wait. */
export const SIGN_IN_REFUSAL = { invalid: "LinkInvalid", wait: "TooManyAttempts", unavailable: "Unavailable" } as const;

/** Milliseconds without input after which a session ends. */
export const SESSION_IDLE_MS = 30 * 60_000;
/** Milliseconds after which a session ends in any case. */
export const SESSION_ABSOLUTE_MS = 12 * 60 * 60_000;
/** Request header with value `1` when a person is at the page; background refreshes leave it out, so they do not keep a session alive. */
export const ACTIVE_HEADER = "x-openclaw-active";
/** Characters of a set-up code: 32 bytes, base64url. */
export const SETUP_CODE_LENGTH = 43;
/** Where the sign-in library sends a browser when a sign-in or sign-out succeeded. */
export const AFTER_SIGN_IN = "/overview";
