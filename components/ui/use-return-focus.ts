"use client";

import { useRef } from "react";

interface FocusHandlers {
  onOpenAutoFocus?: ((event: Event) => void) | undefined;
  onCloseAutoFocus?: ((event: Event) => void) | undefined;
}

/**
 * Gives the focus back to where it was before a modal part opened. Radix gives it to the trigger, but most of ours have none: they are opened
 * by the address, a row or a key.
 */
export function useReturnFocus({ onOpenAutoFocus, onCloseAutoFocus }: FocusHandlers) {
  const before = useRef<Element | null>(null);
  return {
    onOpenAutoFocus(event: Event): void {
      before.current = document.activeElement;
      onOpenAutoFocus?.(event);
    },
    onCloseAutoFocus(event: Event): void {
      onCloseAutoFocus?.(event);
      const target = before.current;
      if (!event.defaultPrevented && target instanceof HTMLElement && target !== document.body && target.isConnected) {
        event.preventDefault();
        target.focus({ preventScroll: true });
      }
    },
  };
}
