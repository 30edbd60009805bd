"use client";

import { useState } from "react";
import { formatUtc } from "#components/shared/format.ts";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { endText, type NewSecret } from "#components/tokens/new-secret.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import {
  Dialog,
  DialogContent,
  DialogDescription,
  DialogFooter,
  DialogHeader,
  DialogTitle,
} from "#components/ui/dialog.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { RadioGroup } from "#components/ui/radio-group.tsx";
import type { ConsoleToken } from "#server/tokens/console-schema.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const GRACES = [
  { value: "now", ms: 0, label: "End it now", hint: "For a token that leaked. Whoever still uses it is refused." },
  { value: "15m", ms: 15 * MINUTE_MS, label: "15 minutes" },
  { value: "1h", ms: HOUR_MS, label: "1 hour", hint: "Enough to put the new one in place by hand." },
  { value: "6h", ms: 6 * HOUR_MS, label: "6 hours" },
  { value: "24h", ms: 24 * HOUR_MS, label: "24 hours", hint: "For programs that are changed overnight." },
] as const;
type Grace = (typeof GRACES)[number]["value"];

interface RotateTokenDialogProps {
  token: ConsoleToken;
  onRotated: (secret: NewSecret) => void;
  onClose: () => void;
}

export function RotateTokenDialog({ token, onRotated, onClose }: RotateTokenDialogProps) {
  const trpc = useTRPC();
  const [grace, setGrace] = useState<Grace>("1h");
  const graceMs = GRACES.find(({ value }) => value === grace)?.ms ?? 0;
  const form = useMutationForm(
    trpc.tokens.rotate.mutationOptions({
      gcTime: 0,
      onSuccess: (rotated) =>
        onRotated({
          token: rotated.token,
          title: "Token rotated",
          description: `${token.name} has a new secret. ${endText(rotated.expiresAt)} ${
            graceMs === 0 ? "The old one has ended." : `The old one works until ${formatUtc(rotated.graceEndsAt)}.`
          }`,
        }),
    }),
    [],
  );
  return (
    <Dialog open onOpenChange={(open) => !open && !form.busy && onClose()}>
      <DialogContent>
        <form
          {...form.formProps}
          className="flex flex-col gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            form.send({ tokenId: token.id, graceMs });
          }}
        >
          <DialogHeader>
            <DialogTitle>Rotate token “{token.name}”</DialogTitle>
            <DialogDescription>
              A new token takes its place, with the same role, scopes and owner. How long shall the old one go on
              working beside it?
            </DialogDescription>
          </DialogHeader>
          <FormError text={form.formError} />
          <RadioGroup
            legend="The old token ends"
            name="grace"
            options={GRACES}
            value={grace}
            onValueChange={setGrace}
          />
          {token.expiresAt !== null && (
            <p className="text-muted-foreground">Never later than its own end, {formatUtc(token.expiresAt)}.</p>
          )}
          <DialogFooter>
            <Button variant="outline" disabled={form.busy} onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" disabled={form.busy}>
              Rotate token
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  );
}
