"use client";

import { XIcon } from "lucide-react";
import { Dialog as SheetPrimitive } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "#components/shared/cn.ts";
import { Button } from "#components/ui/button.tsx";
import { DialogOverlay, keepOpenForToasts } from "#components/ui/dialog.tsx";
import { useReturnFocus } from "#components/ui/use-return-focus.ts";

export const Sheet = SheetPrimitive.Root;

const SIDES = {
  right:
    "inset-x-0 bottom-0 max-h-[90dvh] rounded-t-lg border-t sm:inset-x-auto sm:inset-y-0 sm:right-0 sm:max-h-none sm:w-full sm:max-w-xl sm:animate-slide-from-right sm:rounded-none sm:border-t-0 sm:border-l",
  left: "inset-y-0 left-0 w-72 max-w-[calc(100%-3rem)] animate-slide-from-left border-r",
};

interface SheetContentProps extends ComponentProps<typeof SheetPrimitive.Content> {
  /** `right` is the side panel of a row or form (from below on small screens), `left` the menu. */
  side?: keyof typeof SIDES;
}

/** A panel at the side of the screen. Inside: `SheetHeader`, `SheetBody` (scrolls), `SheetFooter`. */
export function SheetContent({ className, children, side = "right", ...props }: SheetContentProps) {
  const focusHandlers = useReturnFocus(props);
  return (
    <SheetPrimitive.Portal>
      <DialogOverlay />
      <SheetPrimitive.Content
        data-slot="sheet-content"
        className={cn("fixed z-50 flex flex-col bg-card text-card-foreground outline-none", SIDES[side], className)}
        onInteractOutside={keepOpenForToasts}
        {...props}
        {...focusHandlers}
      >
        {children}
        <SheetPrimitive.Close asChild>
          <Button variant="ghost" size="icon" aria-label="Close" title="Close" className="absolute top-3 right-3">
            <XIcon aria-hidden />
          </Button>
        </SheetPrimitive.Close>
      </SheetPrimitive.Content>
    </SheetPrimitive.Portal>
  );
}

export function SheetHeader({ className, ...props }: ComponentProps<"div">) {
  return (
    <div
      data-slot="sheet-header"
      className={cn("flex flex-col gap-1 border-b py-3 pr-14 pl-5", className)}
      {...props}
    />
  );
}

export function SheetBody({ className, ...props }: ComponentProps<"div">) {
  return (
    <div
      data-slot="sheet-body"
      className={cn("flex min-h-0 grow scroll-py-4 flex-col gap-4 overflow-y-auto px-5 py-4", className)}
      {...props}
    />
  );
}

export function SheetFooter({ className, ...props }: ComponentProps<"div">) {
  return (
    <div
      data-slot="sheet-footer"
      className={cn("flex flex-wrap justify-end gap-2 border-t px-5 py-3", className)}
      {...props}
    />
  );
}

export function SheetTitle({ className, ...props }: ComponentProps<typeof SheetPrimitive.Title>) {
  return (
    <SheetPrimitive.Title
      data-slot="sheet-title"
      className={cn("text-base font-semibold break-words", className)}
      {...props}
    />
  );
}

export function SheetDescription({ className, ...props }: ComponentProps<typeof SheetPrimitive.Description>) {
  return (
    <SheetPrimitive.Description
      data-slot="sheet-description"
      className={cn("text-muted-foreground", className)}
      {...props}
    />
  );
}
