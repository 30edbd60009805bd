/** The browser's side of sign-in and sign-out. */
import { SIGN_IN_REFUSAL } from "#server/auth/policy.ts";

/** Null = done; otherwise what to tell the person. */
type Refusal = string | null;

const UNREACHABLE = "The gateway does not answer. Check that it is running, then try again.";

/** Trades a set-up code for a session cookie. The code goes in the body of a POST, never into an address. */
export async function signIn(code: string): Promise<Refusal> {
  try {
    const response = await postForm("/api/auth/callback/setup-link", { code });
    return response.ok ? null : describe(await refusalOf(response));
  } catch {
    return UNREACHABLE;
  }
}

/** Ends the session on the server, then in this browser. */
export async function signOut(): Promise<Refusal> {
  try {
    const response = await postForm("/api/auth/signout", {});
    return response.ok ? null : "You are still signed in: the gateway could not end the session. Try again.";
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

async function postForm(path: string, fields: Record<string, string>): Promise<Response> {
  const csrf: unknown = await (await fetch("/api/auth/csrf")).json();
  const csrfToken = typeof csrf === "object" && csrf !== null && "csrfToken" in csrf ? String(csrf.csrfToken) : "";
  return fetch(path, { method: "POST", body: new URLSearchParams({ ...fields, csrfToken, json: "true" }) });
}

async function refusalOf(response: Response): Promise<string> {
  const body: unknown = await response.json();
  const url = typeof body === "object" && body !== null && "url" in body ? String(body.url) : "";
  return URL.canParse(url) ? (new URL(url).searchParams.get("error") ?? "") : "";
}

function describe(refusal: string): string {
  const [reason, seconds] = refusal.split(":");
  switch (reason) {
    case SIGN_IN_REFUSAL.invalid:
      return "This link is not valid: it is wrong, expired or was already used. Make a new one with the command below.";
    case SIGN_IN_REFUSAL.wait:
      return `Too many failed attempts from this address. Try again in ${seconds ?? "a few"} seconds.`;
    default:
      return "The gateway could not check the link. Try again; if it fails again, look into the server's log.";
  }
}
