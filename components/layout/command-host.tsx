"use client";

import { SearchIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { useRouter } from "next/navigation";
import { useState } from "react";
import type { KeyCommand } from "#components/layout/key-commands.ts";
import { DESTINATIONS } from "#components/layout/navigation.ts";
import { keepPreference, SHORTCUTS_COOKIE } from "#components/layout/preferences.ts";
import { useKeyCommands } from "#components/layout/use-key-commands.ts";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { Kbd } from "#components/ui/kbd.tsx";

const CommandPalette = dynamic(() =>
  import("#components/layout/command-palette.tsx").then((module) => module.CommandPalette),
);
const ShortcutsDialog = dynamic(() =>
  import("#components/layout/shortcuts-dialog.tsx").then((module) => module.ShortcutsDialog),
);

/** The search button, and everything the keyboard can do from anywhere: the palette, jumps, the filter, the list of shortcuts. */
export function CommandHost({ shortcutsInitiallyOn }: { shortcutsInitiallyOn: boolean }) {
  const [open, setOpen] = useState<"palette" | "help" | null>(null);
  const [singleKeys, setSingleKeys] = useState(shortcutsInitiallyOn);
  const router = useRouter();
  const can = useCan();
  useKeyCommands(singleKeys, obey);

  function obey(command: KeyCommand) {
    switch (command.kind) {
      case "palette":
      case "help":
        setOpen(command.kind);
        break;
      case "filter":
        focusFilter();
        break;
      case "go": {
        const screen = DESTINATIONS.find(({ key }) => key === command.key);
        if (screen !== undefined && can(screen.permission)) {
          router.push(screen.path);
        }
        break;
      }
      case "prefix":
        break;
    }
  }

  function switchSingleKeys(on: boolean) {
    keepPreference(SHORTCUTS_COOKIE, on ? "on" : "off");
    setSingleKeys(on);
  }

  return (
    <>
      <Button
        variant="outline"
        size="sm"
        aria-haspopup="dialog"
        aria-keyshortcuts="Control+K Meta+K"
        className="justify-start border-border text-muted-foreground max-sm:size-8 max-sm:px-0 max-sm:[&_svg]:mx-auto sm:w-64"
        onClick={() => setOpen("palette")}
      >
        <SearchIcon aria-hidden />
        <span className="font-normal max-sm:sr-only">Search or jump to…</span>
        <Kbd aria-hidden className="ml-auto max-sm:hidden">
          Ctrl K
        </Kbd>
      </Button>
      {open === "palette" && <CommandPalette onClose={() => setOpen(null)} onHelp={() => setOpen("help")} />}
      {open === "help" && (
        <ShortcutsDialog singleKeys={singleKeys} onSwitch={switchSingleKeys} onClose={() => setOpen(null)} />
      )}
    </>
  );
}

/** A page marks its filter with `data-page-filter`. */
function focusFilter(): void {
  document.querySelector<HTMLElement>("[data-page-filter]")?.focus();
}
