/** The browser's side of sign-in and sign-out. */
import { AFTER_SIGN_IN, SIGN_IN_REFUSAL } from "#server/auth/policy.ts";

/** Null = done; otherwise what to tell the person. */
type Refusal = string | null;

const UNREACHABLE = "The gateway does not answer. Check that it is running, then try again.";

/** Trades a set-up code for a session cookie. The code goes in the body of a POST, never into an address. */
export async function signIn(code: string): Promise<Refusal> {
  try {
    const answer = await postForm("/api/auth/callback/setup-link", { code });
    return isDone(answer) ? null : describe(answer);
  } catch {
    return UNREACHABLE;
  }
}

/** Ends the session on the server, then in this browser. */
export async function signOut(): Promise<Refusal> {
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

/** Where the sign-in library wants the browser to go: the only thing in its answer that tells how it went. Null when it says nothing. */
type Answer = URL | null;

async function postForm(path: string, fields: Record<string, string>): Promise<Answer> {
  const csrf: unknown = await (await fetch("/api/auth/csrf")).json();
  const csrfToken = typeof csrf === "object" && csrf !== null && "csrfToken" in csrf ? String(csrf.csrfToken) : "";
  const body = new URLSearchParams({ ...fields, csrfToken, json: "true" });
  const answer: unknown = await (await fetch(path, { method: "POST", body })).json();
  const url = typeof answer === "object" && answer !== null && "url" in answer ? String(answer.url) : "";
  return URL.parse(url);
}

const isDone = (answer: Answer): boolean => answer?.pathname === AFTER_SIGN_IN && answer.search === "";

function describe(answer: Answer): string {
  const [reason, seconds] = (answer?.searchParams.get("error") ?? "").split(":");
  switch (reason) {
    case SIGN_IN_REFUSAL.invalid:
      return "This link is not valid: it is wrong, expired or was already used. Make a new one with the command below.";
    case SIGN_IN_REFUSAL.wait:
      return `Too many failed attempts from this address. Try again in ${seconds ?? "a few"} seconds.`;
    default:
      return "The gateway could not check the link. Try again; if it fails again, look into the server's log.";
  }
}
