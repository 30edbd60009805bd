"use client";

import { RecoveryCodes } from "#components/auth/recovery-codes.tsx";
import { Dialog, DialogContent, DialogHeader, DialogTitle } from "#components/ui/dialog.tsx";

interface RecoveryCodesDialogProps {
  /** Drop them from your state in `onDone`. */
  codes: readonly string[];
  account: string;
  onDone: () => void;
}

/** New recovery codes, shown this once: neither Escape nor a click outside closes it. */
export function RecoveryCodesDialog({ codes, account, onDone }: RecoveryCodesDialogProps) {
  const keepOpen = (event: Event) => event.preventDefault();
  return (
    <Dialog open>
      <DialogContent withoutClose aria-describedby={undefined} onEscapeKeyDown={keepOpen} onInteractOutside={keepOpen}>
        <DialogHeader>
          <DialogTitle>Save your recovery codes</DialogTitle>
        </DialogHeader>
        <RecoveryCodes codes={codes} account={account} doneLabel="Finish" onDone={onDone} />
      </DialogContent>
    </Dialog>
  );
}
