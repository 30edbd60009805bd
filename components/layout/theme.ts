/** The theme choice, kept in a cookie so that the server can send the right page at once: no flash and no inline script. */
export const THEME_COOKIE = "openclaw-theme";
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function themeFrom(value: string | undefined): Theme {
  return THEMES.find((theme) => theme === value) ?? "system";
}
