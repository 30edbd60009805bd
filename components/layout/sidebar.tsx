"use client";

import { PanelLeftCloseIcon, PanelLeftOpenIcon } from "lucide-react";
import { useState } from "react";
import { cn } from "#components/shared/cn.ts";
import { Brand } from "#components/layout/brand.tsx";
import { keepPreference, SIDEBAR_COOKIE } from "#components/layout/preferences.ts";
import { SideNavigation } from "#components/layout/side-navigation.tsx";
import { Button } from "#components/ui/button.tsx";

/** The menu at the left of wide screens. Can be narrowed to its icons; the choice is kept. */
export function Sidebar({ initiallyCollapsed }: { initiallyCollapsed: boolean }) {
  const [collapsed, setCollapsed] = useState(initiallyCollapsed);

  function toggle() {
    keepPreference(SIDEBAR_COOKIE, collapsed ? "wide" : "narrow");
    setCollapsed(!collapsed);
  }

  const label = collapsed ? "Widen the menu" : "Narrow the menu";
  return (
    <nav
      aria-label="Console"
      data-slot="sidebar"
      className={cn(
        "sticky top-0 flex h-dvh shrink-0 flex-col border-r bg-card max-md:hidden print:hidden",
        collapsed ? "w-13" : "w-56",
      )}
    >
      <div className="flex h-12 shrink-0 items-center border-b px-4">
        <Brand compact={collapsed} />
      </div>
      <div className="min-h-0 grow overflow-y-auto">
        <SideNavigation collapsed={collapsed} />
      </div>
      <div className="border-t p-2">
        <Button
          variant="ghost"
          size="icon"
          aria-label={label}
          title={label}
          aria-expanded={!collapsed}
          className="text-muted-foreground"
          onClick={toggle}
        >
          {collapsed ? <PanelLeftOpenIcon aria-hidden /> : <PanelLeftCloseIcon aria-hidden />}
        </Button>
      </div>
    </nav>
  );
}
