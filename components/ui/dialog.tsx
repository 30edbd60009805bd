"use client";

import { XIcon } from "lucide-react";
import { Dialog as DialogPrimitive } from "radix-ui";
import type { ComponentProps } from "react";
import "#components/ui/style-nonce.ts";
import { cn } from "#components/shared/cn.ts";
import { Button } from "#components/ui/button.tsx";
import { useReturnFocus } from "#components/ui/use-return-focus.ts";

export const Dialog = DialogPrimitive.Root;

export function DialogOverlay({ className, ...props }: ComponentProps<typeof DialogPrimitive.Overlay>) {
  return (
    <DialogPrimitive.Overlay
      data-slot="dialog-overlay"
      className={cn("fixed inset-0 z-40 animate-fade-in bg-overlay", className)}
      {...props}
    />
  );
}

interface DialogContentProps extends ComponentProps<typeof DialogPrimitive.Content> {
  /** Without the cross in the corner, for dialogs that ask for a decision. */
  withoutClose?: boolean;
}

/** Closing a notice is no reason to close the dialog below it. */
export function keepOpenForToasts(event: Event): void {
  if (event.target instanceof Element && event.target.closest("[data-slot=toaster]") !== null) {
    event.preventDefault();
  }
}

/** A modal dialog. Needs a `DialogTitle`; give `DialogDescription` too, or `aria-describedby={undefined}`. */
export function DialogContent({ className, children, withoutClose = false, ...props }: DialogContentProps) {
  const focusHandlers = useReturnFocus(props);
  return (
    <DialogPrimitive.Portal>
      <DialogOverlay />
      <DialogPrimitive.Content
        data-slot="dialog-content"
        className={cn(
          "fixed top-1/2 left-1/2 z-50 flex max-h-[calc(100dvh-2rem)] w-[calc(100%-2rem)] max-w-lg -translate-x-1/2 -translate-y-1/2 animate-fade-in flex-col gap-4 overflow-y-auto rounded-lg border bg-card p-5 text-card-foreground outline-none",
          className,
        )}
        onInteractOutside={keepOpenForToasts}
        {...props}
        {...focusHandlers}
      >
        {children}
        {!withoutClose && (
          <DialogPrimitive.Close asChild>
            <Button variant="ghost" size="icon" aria-label="Close" title="Close" className="absolute top-3 right-3">
              <XIcon aria-hidden />
            </Button>
          </DialogPrimitive.Close>
        )}
      </DialogPrimitive.Content>
    </DialogPrimitive.Portal>
  );
}

export function DialogHeader({ className, ...props }: ComponentProps<"div">) {
  return <div data-slot="dialog-header" className={cn("flex flex-col gap-1 pr-8", className)} {...props} />;
}

export function DialogFooter({ className, ...props }: ComponentProps<"div">) {
  return (
    <div
      data-slot="dialog-footer"
      className={cn("flex flex-col-reverse gap-2 sm:flex-row sm:justify-end", className)}
      {...props}
    />
  );
}

export function DialogTitle({ className, ...props }: ComponentProps<typeof DialogPrimitive.Title>) {
  return (
    <DialogPrimitive.Title
      data-slot="dialog-title"
      className={cn("text-base font-semibold break-words", className)}
      {...props}
    />
  );
}

export function DialogDescription({ className, ...props }: ComponentProps<typeof DialogPrimitive.Description>) {
  return (
    <DialogPrimitive.Description
      data-slot="dialog-description"
      className={cn("text-muted-foreground", className)}
      {...props}
    />
  );
}
