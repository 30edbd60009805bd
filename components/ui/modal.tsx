"use client";

import dynamic from "next/dynamic";
import type { ModalProps } from "#components/ui/modal-content.tsx";

const ModalContent = dynamic(async () => (await import("#components/ui/modal-content.tsx")).ModalContent);

/** A dialog with title and description that costs nothing until it opens. */
export function Modal({ open, ...props }: ModalProps & { open: boolean }) {
  return open ? <ModalContent {...props} /> : null;
}
