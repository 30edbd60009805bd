"use client";

import { Tooltip as TooltipPrimitive } from "radix-ui";
import type { ReactNode } from "react";

interface TooltipProps {
  text: string;
  /** One focusable control. The tooltip describes it; its name must not depend on it. */
  children: ReactNode;
}

/** A short explanation on hover and focus; Esc hides it. Never the only place of something one must know. */
export function Tooltip({ text, children }: TooltipProps) {
  return (
    <TooltipPrimitive.Provider delayDuration={300}>
      <TooltipPrimitive.Root>
        <TooltipPrimitive.Trigger asChild>{children}</TooltipPrimitive.Trigger>
        <TooltipPrimitive.Portal>
          <TooltipPrimitive.Content
            data-slot="tooltip"
            sideOffset={4}
            collisionPadding={8}
            className="z-50 max-w-xs rounded-md border bg-card px-2 py-1 text-xs text-card-foreground"
          >
            {text}
          </TooltipPrimitive.Content>
        </TooltipPrimitive.Portal>
      </TooltipPrimitive.Root>
    </TooltipPrimitive.Provider>
  );
}
