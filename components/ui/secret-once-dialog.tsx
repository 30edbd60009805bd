"use client";

import { KeyRoundIcon } from "lucide-react";
import { useId, useState, type ReactNode } from "react";
import { Button } from "#components/ui/button.tsx";
import { CheckboxField } from "#components/ui/checkbox.tsx";
import { CopyButton } from "#components/ui/copy-button.tsx";
import {
  Dialog,
  DialogContent,
  DialogDescription,
  DialogFooter,
  DialogHeader,
  DialogTitle,
} from "#components/ui/dialog.tsx";

interface SecretOnceDialogProps {
  /** The secret; null closes the dialog. Drop it from your state (and reset the mutation) in `onDone`. */
  secret: string | null;
  /** "Token created" */
  title: string;
  /** What it is called: "token". */
  noun: string;
  /** What to do with it now. */
  description: ReactNode;
  onDone: () => void;
  /** More about it: an example of its use. */
  children?: ReactNode;
}

/** Shows a secret for the only time. Closes by its own button alone, and only after "I copied it" is ticked. */
export function SecretOnceDialog({ secret, ...props }: SecretOnceDialogProps) {
  return <Dialog open={secret !== null}>{secret !== null && <SecretContent secret={secret} {...props} />}</Dialog>;
}

function SecretContent({
  secret,
  title,
  noun,
  description,
  onDone,
  children,
}: SecretOnceDialogProps & { secret: string }) {
  const [copied, setCopied] = useState(false);
  const secretId = useId();
  const keepOpen = (event: Event) => event.preventDefault();
  return (
    <DialogContent withoutClose onEscapeKeyDown={keepOpen} onInteractOutside={keepOpen}>
      <DialogHeader>
        <DialogTitle className="flex items-center gap-2">
          <KeyRoundIcon aria-hidden className="size-4 text-primary" />
          {title}
        </DialogTitle>
        <DialogDescription asChild>
          <div>{description}</div>
        </DialogDescription>
      </DialogHeader>
      <div className="flex flex-col gap-2">
        <p id={secretId} className="font-medium">
          Shown once: copy the {noun} now
        </p>
        <div className="flex items-start gap-2 rounded-md border bg-muted p-2 pl-3">
          <code
            aria-labelledby={secretId}
            role="group"
            tabIndex={0}
            className="grow self-center font-mono text-xs break-all select-all"
          >
            {secret}
          </code>
          <CopyButton value={secret} label={`Copy ${noun}`} size="sm" variant="default" />
        </div>
      </div>
      {children}
      <CheckboxField
        label={`I copied the ${noun}. It will not be shown again.`}
        checked={copied}
        onChange={(event) => setCopied(event.target.checked)}
      />
      <DialogFooter>
        <Button disabled={!copied} onClick={onDone}>
          Done
        </Button>
      </DialogFooter>
    </DialogContent>
  );
}
