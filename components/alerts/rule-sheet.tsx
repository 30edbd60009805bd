"use client";

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { draftOf } from "#components/alerts/draft.ts";
import { PreviewChart } from "#components/alerts/preview-chart.tsx";
import { RuleForm } from "#components/alerts/rule-form.tsx";
import { RuleState } from "#components/alerts/states.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Sheet, SheetBody, SheetContent, SheetDescription, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import { Time } from "#components/ui/time.tsx";
import type { Rule } from "#server/alerts/schema.ts";

interface RuleSheetProps {
  /** Null: a new one. */
  rule: Rule | null;
  mayWrite: boolean;
  onClose: () => void;
}

export function RuleSheet({ rule, mayWrite, onClose }: RuleSheetProps) {
  return (
    <Sheet open onOpenChange={(open) => (open ? undefined : onClose())}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle>{rule?.name ?? "New rule"}</SheetTitle>
          <SheetDescription>
            {rule === null || rule.description === "" ? "When somebody is to be told." : rule.description}
          </SheetDescription>
        </SheetHeader>
        <SheetBody>
          {rule !== null && <Facts rule={rule} />}
          {rule !== null && mayWrite && <RuleActions rule={rule} onRemoved={onClose} />}
          {mayWrite ? (
            <RuleForm rule={rule} onClose={onClose} />
          ) : (
            rule !== null && <PreviewChart draft={draftOf(rule)} />
          )}
        </SheetBody>
      </SheetContent>
    </Sheet>
  );
}

function Facts({ rule }: { rule: Rule }) {
  const { offBecause, evaluatedAt, updatedAt, updatedBy } = rule;
  return (
    <DescriptionList>
      <DescriptionItem name="State">
        <RuleState {...rule} />
      </DescriptionItem>
      {offBecause !== null && (
        <DescriptionItem name="Off because of" mono>
          {offBecause}
        </DescriptionItem>
      )}
      <DescriptionItem name="Looked at">
        {evaluatedAt === null ? <Absent text="not yet" /> : <Time value={evaluatedAt} />}
      </DescriptionItem>
      <DescriptionItem name="Changed">
        {updatedBy} <Time value={updatedAt} />
      </DescriptionItem>
    </DescriptionList>
  );
}

function RuleActions({ rule: { id, name, paused, builtin }, onRemoved }: { rule: Rule; onRemoved: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [isRemoving, setRemoving] = useState(false);
  const refresh = () => queryClient.invalidateQueries(trpc.alertRules.pathFilter());
  const pause = useMutation(trpc.alertRules.pause.mutationOptions({ onSuccess: refresh }));
  const remove = useMutation(
    trpc.alertRules.delete.mutationOptions({
      onSuccess: async () => {
        onRemoved();
        toast(`Rule ${name} removed`);
        await refresh();
      },
    }),
  );
  return (
    <>
      <FormError text={pause.error === null ? null : errorText(pause.error)} />
      <div className="flex flex-wrap gap-2">
        <Button
          variant="outline"
          size="sm"
          disabled={pause.isPending}
          onClick={() => pause.mutate({ id, paused: !paused })}
        >
          {paused ? "Resume rule" : "Pause rule"}
        </Button>
        {builtin === null && (
          <Button variant="destructive-outline" size="sm" className="ml-auto" onClick={() => setRemoving(true)}>
            Remove rule
          </Button>
        )}
      </div>
      <ConfirmDialog
        open={isRemoving}
        onOpenChange={setRemoving}
        title={`Remove the rule "${name}"?`}
        consequence="Its alerts end, and nobody is told of what it watched for."
        confirmLabel="Remove rule"
        typeName={name}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate({ id })}
      />
    </>
  );
}
