/** Choices about the look of the console, kept in cookies so that the server sends the right page at once; never in web storage. */
export const SIDEBAR_COOKIE = "openclaw-sidebar";
export const SHORTCUTS_COOKIE = "openclaw-shortcuts";

const YEAR_SECONDS = 31_536_000;

/** Keeps a choice for later visits. In the browser only. */
export function keepPreference(cookie: string, value: string): void {
  document.cookie = `${cookie}=${value}; path=/; max-age=${YEAR_SECONDS}; samesite=strict`;
}
