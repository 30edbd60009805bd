"use client";

import { MonitorIcon, MoonIcon, SunIcon } from "lucide-react";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { applyTheme, THEMES, type Theme } from "#components/layout/theme.ts";

const LABELS: Record<Theme, string> = { system: "System theme", light: "Light theme", dark: "Dark theme" };
const ICONS: Record<Theme, typeof SunIcon> = { system: MonitorIcon, light: SunIcon, dark: MoonIcon };

export function ThemeToggle({ initial }: { initial: Theme }) {
  const [theme, setTheme] = useState(initial);

  function choose(next: Theme) {
    applyTheme(next);
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
