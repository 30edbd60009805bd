/** Where the console sends a browser that may not go on. */
import { ENROL_PAGE, SIGN_IN_PAGE } from "#server/auth/policy.ts";

/** To sign in again, and then back to the page that is shown now. */
export function sessionEndedPath(): string {
  const { pathname, search } = window.location;
  return `${SIGN_IN_PAGE}?ended&next=${encodeURIComponent(pathname + search)}`;
}

/** To enrol a second factor, and then back. */
export function enrolPath(): string {
  const { pathname, search } = window.location;
  return `${ENROL_PAGE}?next=${encodeURIComponent(pathname + search)}`;
}
