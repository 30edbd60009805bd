"use client";

import { CheckIcon, CopyIcon } from "lucide-react";
import { useState, type ComponentProps } from "react";
import { Button } from "#components/ui/button.tsx";

const CONFIRMATION_MS = 2_000;

interface CopyButtonProps extends Omit<ComponentProps<typeof Button>, "value" | "children"> {
  value: string;
  /** What is copied: "Copy token". Also the button's text unless `size` is `icon`. */
  label: string;
  onCopied?: () => void;
}

export function CopyButton({ value, label, onCopied, variant = "outline", size = "icon", ...props }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<"copied" | "failed" | null>(null);

  async function copy() {
    const done = await navigator.clipboard.writeText(value).then(
      () => true,
      () => false,
    );
    setOutcome(done ? "copied" : "failed");
    setTimeout(() => setOutcome(null), CONFIRMATION_MS);
    if (done) {
      onCopied?.();
    }
  }

  const text = { copied: "Copied", failed: "Not copied: select the text and copy it yourself" };
  return (
    <>
      <Button
        variant={variant}
        size={size}
        aria-label={size === "icon" ? label : undefined}
        title={size === "icon" ? label : undefined}
        onClick={() => void copy()}
        {...props}
      >
        {outcome === "copied" ? <CheckIcon aria-hidden /> : <CopyIcon aria-hidden />}
        {size !== "icon" && (outcome === "copied" ? "Copied" : label)}
      </Button>
      <span role="status" className="sr-only">
        {outcome === null ? "" : text[outcome]}
      </span>
    </>
  );
}
