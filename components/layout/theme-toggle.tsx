"use client";

import { MonitorIcon, MoonIcon, SunIcon } from "lucide-react";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { THEME_COOKIE, THEMES, type Theme } from "#components/layout/theme.ts";

const LABELS: Record<Theme, string> = { system: "System theme", light: "Light theme", dark: "Dark theme" };
const ICONS: Record<Theme, typeof SunIcon> = { system: MonitorIcon, light: SunIcon, dark: MoonIcon };
const YEAR_SECONDS = 31_536_000;

export function ThemeToggle({ initial }: { initial: Theme }) {
  const [theme, setTheme] = useState(initial);

  function choose(next: Theme) {
    document.cookie = `${THEME_COOKIE}=${next}; path=/; max-age=${YEAR_SECONDS}; samesite=strict`;
    if (next === "system") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = next;
    }
    setTheme(next);
  }

  return (
    <div role="group" aria-label="Theme" className="flex rounded-md border">
      {THEMES.map((name) => {
        const Icon = ICONS[name];
        return (
          <Button
            key={name}
            variant="ghost"
            size="icon"
            aria-label={LABELS[name]}
            aria-pressed={name === theme}
            title={LABELS[name]}
            className="text-muted-foreground aria-pressed:bg-muted aria-pressed:text-foreground"
            onClick={() => choose(name)}
          >
            <Icon aria-hidden />
          </Button>
        );
      })}
    </div>
  );
}
