"use client";

import { MenuIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";

const MenuSheet = dynamic(() => import("#components/layout/menu-sheet.tsx").then((module) => module.MenuSheet));

export function MenuButton() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        variant="ghost"
        size="icon"
        aria-label="Open menu"
        aria-haspopup="dialog"
        aria-expanded={open}
        className="md:hidden"
        onClick={() => setOpen(true)}
      >
        <MenuIcon aria-hidden />
      </Button>
      {open && <MenuSheet onClose={() => setOpen(false)} />}
    </>
  );
}
