"use client";

import type { ReactNode } from "react";
import { Dialog, DialogContent, DialogDescription, DialogHeader, DialogTitle } from "#components/ui/dialog.tsx";

export interface ModalProps {
  title: string;
  description: ReactNode;
  onOpenChange: (open: boolean) => void;
  children: ReactNode;
}

/** The dialog itself, loaded when it is first asked for. */
export function ModalContent({ title, description, onOpenChange, children }: ModalProps) {
  return (
    <Dialog open onOpenChange={onOpenChange}>
      <DialogContent>
        <DialogHeader>
          <DialogTitle>{title}</DialogTitle>
          <DialogDescription>{description}</DialogDescription>
        </DialogHeader>
        {children}
      </DialogContent>
    </Dialog>
  );
}
