"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import type { StoredFinding } from "#server/scan/schema.ts";

const DAY_MS = 86_400_000;
const DAYS = [7, 30, 90, 365] as const;
/** As long as the server takes. */
const MAX_MATCH = 200;

/** Accepts a finding for a time. */
export function SuppressDialog({ finding, onClose }: { finding: StoredFinding; onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [reason, setReason] = useState("");
  const [days, setDays] = useState<number>(30);
  const [all, setAll] = useState(false);
  const suppress = useMutation(
    trpc.scans.suppress.mutationOptions({
      onSuccess: async () => {
        toast("Suppressed from the next scan on");
        onClose();
        await queryClient.invalidateQueries(trpc.scans.pathFilter());
      },
    }),
  );
  const tooLong = finding.subject.length > MAX_MATCH;
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={`Suppress ${finding.id}?`}
      consequence="It no longer counts from the next scan on, stays visible with your name and reason, and comes back when the time is over."
      confirmLabel="Suppress"
      busy={suppress.isPending}
      error={suppress.error ?? null}
      onConfirm={() =>
        suppress.mutate({
          checkId: finding.id,
          reason,
          until: new Date(Date.now() + days * DAY_MS),
          ...(all || tooLong ? {} : { match: finding.subject }),
        })
      }
    >
      <Field label="Reason" hint="Why it is accepted, for whoever reads it in a year.">
        <Input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
      </Field>
      <Field label="For">
        <Select value={String(days)} onChange={(event) => setDays(Number(event.target.value))}>
          {DAYS.map((one) => (
            <option key={one} value={one}>
              {one} days
            </option>
          ))}
        </Select>
      </Field>
      <Field label="Covers">
        <Select value={all || tooLong ? "all" : "one"} onChange={(event) => setAll(event.target.value === "all")}>
          {!tooLong && <option value="one">Only {finding.subject}</option>}
          <option value="all">Every finding of this check</option>
        </Select>
      </Field>
    </ConfirmDialog>
  );
}
