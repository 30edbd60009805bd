/** The theme choice, kept in a cookie so that the server can send the right page at once: no flash and no inline script. */
import { keepPreference } from "#components/layout/preferences.ts";

export const THEME_COOKIE = "openclaw-theme";
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function themeFrom(value: string | undefined): Theme {
  return THEMES.find((theme) => theme === value) ?? "system";
}

/** Shows the theme now and keeps it for later visits. In the browser only. */
export function applyTheme(theme: Theme): void {
  keepPreference(THEME_COOKIE, theme);
  if (theme === "system") {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = theme;
  }
}
