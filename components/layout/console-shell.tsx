import { cookies } from "next/headers";
import type { ReactNode } from "react";
import { AccountMenu } from "#components/auth/account-menu.tsx";
import { SessionWatch } from "#components/auth/session-watch.tsx";
import { CommandHost } from "#components/layout/command-host.tsx";
import { IncidentBanner } from "#components/layout/incident-banner.tsx";
import { MenuButton } from "#components/layout/menu-button.tsx";
import { SHORTCUTS_COOKIE, SIDEBAR_COOKIE } from "#components/layout/preferences.ts";
import { Sidebar } from "#components/layout/sidebar.tsx";
import { ThemeToggle } from "#components/layout/theme-toggle.tsx";
import { THEME_COOKIE, themeFrom } from "#components/layout/theme.ts";

/** Frame of every console page: skip link, side menu, bar, main. */
export async function ConsoleShell({ children }: { children: ReactNode }) {
  const jar = await cookies();
  const theme = themeFrom(jar.get(THEME_COOKIE)?.value);
  return (
    <>
      <a
        href="#main"
        className="sr-only z-30 rounded-md bg-primary px-4 py-2 text-primary-foreground focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <div className="flex min-h-dvh">
        <Sidebar initiallyCollapsed={jar.get(SIDEBAR_COOKIE)?.value === "narrow"} />
        <div className="flex min-w-0 grow flex-col">
          <header className="sticky top-0 z-20 flex h-12 shrink-0 items-center gap-2 border-b bg-card px-3 sm:px-6 print:hidden">
            <MenuButton />
            <CommandHost shortcutsInitiallyOn={jar.get(SHORTCUTS_COOKIE)?.value !== "off"} />
            <div className="ml-auto flex items-center gap-2">
              <ThemeToggle initial={theme} />
              <AccountMenu />
            </div>
          </header>
          <IncidentBanner />
          <main
            id="main"
            tabIndex={-1}
            className="flex w-full max-w-[120rem] min-w-0 grow flex-col gap-6 px-4 py-5 outline-none sm:px-6 print:p-0"
          >
            <SessionWatch />
            {children}
          </main>
        </div>
      </div>
    </>
  );
}
