"use client";

import dynamic from "next/dynamic";
import type { ConfirmDialogProps } from "#components/ui/confirm-dialog-content.tsx";

const ConfirmDialogContent = dynamic(
  async () => (await import("#components/ui/confirm-dialog-content.tsx")).ConfirmDialogContent,
);

/** Asks before something is done that hurts: name, consequence, and for the worst of it the name typed. */
export function ConfirmDialog({ open, ...props }: ConfirmDialogProps) {
  return open ? <ConfirmDialogContent {...props} /> : null;
}
