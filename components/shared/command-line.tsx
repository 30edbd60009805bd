"use client";

import { CheckIcon, CopyIcon } from "lucide-react";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";

const CONFIRMATION_MS = 2_000;

/** A command to copy. */
export function CommandLine({ command }: { command: string }) {
  const [copied, setCopied] = useState(false);

  async function copy() {
    await navigator.clipboard.writeText(command);
    setCopied(true);
    setTimeout(() => setCopied(false), CONFIRMATION_MS);
  }

  return (
    <div className="flex items-start gap-2 rounded-md border bg-muted p-2 pl-3 text-left">
      <pre
        tabIndex={0}
        aria-label="Command"
        role="group"
        className="grow overflow-x-auto py-1 font-mono text-xs leading-5 text-foreground"
      >
        {command}
      </pre>
      <Button variant="outline" size="icon" aria-label="Copy command" title="Copy command" onClick={() => void copy()}>
        {copied ? <CheckIcon aria-hidden /> : <CopyIcon aria-hidden />}
      </Button>
      <span role="status" className="sr-only">
        {copied ? "Command copied" : ""}
      </span>
    </div>
  );
}
