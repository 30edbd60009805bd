import { ShieldIcon } from "lucide-react";
import { cookies } from "next/headers";
import type { ReactNode } from "react";
import { SignOutButton } from "#components/auth/sign-out-button.tsx";
import { NavLinks } from "#components/layout/nav-links.tsx";
import { ThemeToggle } from "#components/layout/theme-toggle.tsx";
import { THEME_COOKIE, themeFrom } from "#components/layout/theme.ts";

/** Frame of every console page: skip link, banner with navigation, main. */
export async function ConsoleShell({ children }: { children: ReactNode }) {
  const theme = themeFrom((await cookies()).get(THEME_COOKIE)?.value);
  return (
    <>
      <a
        href="#main"
        className="sr-only z-20 rounded-md bg-primary px-4 py-2 text-primary-foreground focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to content
      </a>
      <header className="sticky top-0 z-10 border-b bg-card">
        <div className="mx-auto flex h-12 max-w-7xl items-center gap-3 px-4 sm:gap-6 sm:px-6">
          <p className="flex items-center gap-2 font-semibold whitespace-nowrap">
            <ShieldIcon aria-hidden className="size-4 text-primary" />
            <span className="max-sm:sr-only">OpenClaw Gateway</span>
          </p>
          <NavLinks />
          <div className="ml-auto flex items-center gap-2">
            <ThemeToggle initial={theme} />
            <SignOutButton />
          </div>
        </div>
      </header>
      <main id="main" tabIndex={-1} className="mx-auto max-w-7xl px-4 py-6 outline-none sm:px-6">
        {children}
      </main>
    </>
  );
}
