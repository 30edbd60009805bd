"use client";

import { LoaderCircleIcon } from "lucide-react";
import { Button } from "#components/ui/button.tsx";

interface SubmitButtonProps {
  busy: boolean;
  label: string;
  /** What is going on meanwhile, as "Signing in"; said aloud too. */
  busyLabel: string;
  disabled?: boolean;
}

/** The form's one main action. It keeps the focus while it works, so that nobody loses their place. */
export function SubmitButton({ busy, label, busyLabel, disabled = false }: SubmitButtonProps) {
  return (
    <>
      <Button type="submit" disabled={disabled} aria-disabled={busy}>
        {busy && <LoaderCircleIcon aria-hidden className="animate-spin" />}
        {busy ? busyLabel : label}
      </Button>
      <span role="status" className="sr-only">
        {busy ? busyLabel : ""}
      </span>
    </>
  );
}
