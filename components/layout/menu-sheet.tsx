"use client";

import { Brand } from "#components/layout/brand.tsx";
import { SideNavigation } from "#components/layout/side-navigation.tsx";
import { Sheet, SheetContent, SheetTitle } from "#components/ui/sheet.tsx";

/** The menu of small screens. */
export function MenuSheet({ onClose }: { onClose: () => void }) {
  return (
    <Sheet open onOpenChange={onClose}>
      <SheetContent side="left" aria-describedby={undefined}>
        <div className="flex h-14 shrink-0 items-center border-b px-4">
          <SheetTitle asChild>
            <div>
              <Brand />
              <span className="sr-only">Menu</span>
            </div>
          </SheetTitle>
        </div>
        <nav aria-label="Console" className="min-h-0 grow overflow-y-auto">
          <SideNavigation onNavigate={onClose} />
        </nav>
      </SheetContent>
    </Sheet>
  );
}
