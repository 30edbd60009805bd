/** The browser's side of sign-in and sign-out. Secrets go in the body of a POST, never into an address. */
import { AFTER_SIGN_IN, PASSWORD_TEXTS, SIGN_IN_REFUSAL, type InputRefusal } from "#server/auth/policy.ts";
import type { InvitationPreview } from "#server/auth/schema.ts";

/** A second factor that somebody has. */
export type SecondFactor = "totp" | "passkey" | "recovery";

export type SignInOutcome =
  | { kind: "done" }
  /** The password is right; one of these is needed beside it. */
  | { kind: "second_factor"; methods: readonly SecondFactor[] }
  /** A link gave an existing account its new password: sign in with it. */
  | { kind: "password_set" }
  | { kind: "wait"; seconds: number }
  /** `field` is the input that has to be corrected, where one can be named. */
  | { kind: "refused"; reason: Refusal; message: string; field: string | null };

type Refusal = keyof typeof MESSAGES;

const UNREACHABLE = "The gateway does not answer. Check that it is running, then try again.";

const MESSAGES = {
  [SIGN_IN_REFUSAL.credentials]: "E-mail or password is wrong. Check both and try again.",
  [SIGN_IN_REFUSAL.secondFactorInvalid]: "This code is not valid. Enter the newest one; a code works once.",
  [SIGN_IN_REFUSAL.passkey]: "This passkey opens no account here. Sign in with your password instead.",
  [SIGN_IN_REFUSAL.invalid]: "This link is not valid: it is wrong, expired or was already used.",
  [SIGN_IN_REFUSAL.input]: "Some values are not valid. Check all fields and try again.",
  [SIGN_IN_REFUSAL.unavailable]:
    "The gateway could not check this. Try again; if it fails again, look into the server's log.",
  [SIGN_IN_REFUSAL.locked]: "Access is locked for now. Ask your administrator.",
  Unreachable: UNREACHABLE,
} as const;

const FIELD_MESSAGES: Readonly<Record<InputRefusal, string>> = {
  ...PASSWORD_TEXTS,
  email_invalid: "This is not an e-mail address. Write it like ada@example.com.",
  email_taken: "An account with this e-mail exists already. Use another address.",
  name_invalid: "Write a name of 1 to 80 letters, digits, blanks and signs.",
};

/** Password, and from the second call on one of the two codes. */
export function signInWithPassword(fields: {
  email: string;
  password: string;
  code?: string;
  recoveryCode?: string;
}): Promise<SignInOutcome> {
  return signIn("password", fields);
}

/** @param response what the browser's authenticator answered to `passkeyOptions()`. */
export function signInWithPasskey(response: object): Promise<SignInOutcome> {
  return signIn("passkey", { response: JSON.stringify(response) });
}

/**
 * Makes the account that the link offers and signs in to it; or gives an existing account its new password.
 * @param fields `name` is for new accounts only, `email` for the first administrator only.
 */
export function acceptInvitation(fields: {
  code: string;
  password: string;
  name?: string;
  email?: string;
}): Promise<SignInOutcome> {
  return signIn("invitation", fields);
}

/** Looks at a link without using it up. */
export async function readInvitation(code: string): Promise<InvitationPreview | SignInOutcome> {
  const answer = await postJson("/api/sign-in/invitation", { code });
  return isInvitation(answer) ? answer : outcomeOfJson(answer);
}

function isInvitation(answer: unknown): answer is InvitationPreview {
  return typeof answer === "object" && answer !== null && "role" in answer && "firstAdmin" in answer;
}

/** A challenge for the browser's authenticator, or why there is none. */
export async function passkeyOptions(): Promise<{ kind: "options"; options: object } | SignInOutcome> {
  const answer = await postJson("/api/sign-in/passkey-options", {});
  const isOptions = typeof answer === "object" && answer !== null && "challenge" in answer;
  return isOptions ? { kind: "options", options: answer } : outcomeOfJson(answer);
}

/** Ends the session on the server, then in this browser. Null = done; otherwise what to tell the person. */
export async function signOut(): Promise<string | null> {
  try {
    const answer = await postForm("/api/auth/signout", {});
    return isDone(answer) ? null : "You are still signed in: the gateway could not end the session. Try again.";
  } catch {
    return UNREACHABLE;
  }
}

/** Whether this browser holds a live session already. */
export async function hasSession(): Promise<boolean> {
  try {
    const body: unknown = await (await fetch("/api/auth/session")).json();
    return typeof body === "object" && body !== null && "expires" in body;
  } catch {
    return false;
  }
}

function refused(reason: Refusal): SignInOutcome {
  return { kind: "refused", reason, message: MESSAGES[reason], field: null };
}

async function signIn(provider: string, fields: Record<string, string>): Promise<SignInOutcome> {
  try {
    const answer = await postForm(`/api/auth/callback/${provider}`, fields);
    return isDone(answer) ? { kind: "done" } : outcomeOf(answer?.searchParams.get("error") ?? "");
  } catch {
    return refused("Unreachable");
  }
}

/** @param error `Reason` or `Reason:detail` as the gateway words it. */
function outcomeOf(error: string): SignInOutcome {
  const [reason = "", first = "", second = ""] = error.split(":");
  if (reason === SIGN_IN_REFUSAL.wait) {
    return { kind: "wait", seconds: Math.max(1, Math.ceil(Number(first) || 1)) };
  }
  if (reason === SIGN_IN_REFUSAL.passwordSet) {
    return { kind: "password_set" };
  }
  if (reason === SIGN_IN_REFUSAL.secondFactor) {
    return { kind: "second_factor", methods: first.split(",").filter(isSecondFactor) };
  }
  if (reason === SIGN_IN_REFUSAL.locked) {
    return { kind: "refused", reason, message: error.slice(reason.length + 1), field: null };
  }
  if (reason === SIGN_IN_REFUSAL.input) {
    return {
      kind: "refused",
      reason,
      message: isInputRefusal(second) ? FIELD_MESSAGES[second] : MESSAGES[reason],
      field: first === "" ? null : first,
    };
  }
  return refused(isRefusal(reason) ? reason : SIGN_IN_REFUSAL.unavailable);
}

const isRefusal = (text: string): text is Refusal => Object.hasOwn(MESSAGES, text);
const isInputRefusal = (text: string): text is InputRefusal => Object.hasOwn(FIELD_MESSAGES, text);
const isSecondFactor = (text: string): text is SecondFactor => ["totp", "passkey", "recovery"].includes(text);

/** Where the sign-in library wants the browser to go: the only thing in its answer that tells how it went. Null when it says nothing. */
type Answer = URL | null;

const isDone = (answer: Answer): boolean => answer?.pathname === AFTER_SIGN_IN && answer.search === "";

async function postForm(path: string, fields: Record<string, string>): Promise<Answer> {
  const csrf: unknown = await (await fetch("/api/auth/csrf")).json();
  const csrfToken = typeof csrf === "object" && csrf !== null && "csrfToken" in csrf ? String(csrf.csrfToken) : "";
  const body = new URLSearchParams({ ...fields, csrfToken, json: "true" });
  const answer: unknown = await (await fetch(path, { method: "POST", body })).json();
  const url = typeof answer === "object" && answer !== null && "url" in answer ? String(answer.url) : "";
  return URL.parse(url);
}

async function postJson(path: string, body: object): Promise<unknown> {
  try {
    const headers = { "content-type": "application/json" };
    return await (await fetch(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
  } catch {
    return { error: { code: "Unreachable" } };
  }
}

/** @param answer `{error: {code, message, retryAfterSeconds?}}` */
function outcomeOfJson(answer: unknown): SignInOutcome {
  const error = field(answer, "error");
  const seconds = field(error, "retryAfterSeconds");
  if (typeof seconds === "number") {
    return { kind: "wait", seconds };
  }
  const [code, message] = [field(error, "code"), field(error, "message")];
  const outcome = outcomeOf(typeof code === "string" ? code : "");
  const isOwnText = outcome.kind === "refused" && outcome.reason === SIGN_IN_REFUSAL.unavailable;
  return isOwnText && typeof message === "string" ? { ...outcome, message } : outcome;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}
