"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";
import { SubmitButton } from "#components/auth/submit-button.tsx";
import { errorText } from "#components/shared/error-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Field } from "#components/ui/field.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import { Sheet, SheetBody, SheetContent, SheetDescription, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import { ALERT_SEVERITIES } from "#server/alerts/policy.ts";
import type { Matcher } from "#server/alerts/schema.ts";

const HOUR_MS = 3_600_000;
const LENGTHS = [
  { label: "1 hour", ms: HOUR_MS },
  { label: "4 hours", ms: 4 * HOUR_MS },
  { label: "1 day", ms: 24 * HOUR_MS },
  { label: "1 week", ms: 7 * 24 * HOUR_MS },
] as const;

/** What to be quiet about, for how long, and why. */
export function SilenceSheet({ onClose }: { onClose: () => void }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const { data } = useQuery(trpc.alertRules.list.queryOptions());
  const [rule, setRule] = useState("");
  const [subject, setSubject] = useState("");
  const [severity, setSeverity] = useState("");
  const [lengthMs, setLengthMs] = useState<number>(HOUR_MS);
  const [comment, setComment] = useState("");
  const set = useMutation(
    trpc.alertSilences.set.mutationOptions({
      onSuccess: async () => {
        onClose();
        toast("Silence set");
        await queryClient.invalidateQueries(trpc.alertSilences.pathFilter());
      },
    }),
  );
  const matchers: Matcher[] = [
    ...(rule === "" ? [] : [{ label: "rule", operator: "is", value: rule } as const]),
    ...(subject.trim() === ""
      ? []
      : [{ label: "subject", operator: subject.includes("*") ? "like" : "is", value: subject.trim() } as const]),
    ...(severity === "" ? [] : [{ label: "severity", operator: "is", value: severity } as const]),
  ];

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!set.isPending && matchers.length > 0) {
      set.mutate({ matchers, comment: comment.trim(), endsAt: new Date(Date.now() + lengthMs) });
    }
  }

  return (
    <Sheet open onOpenChange={(open) => (open ? undefined : onClose())}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle>New silence</SheetTitle>
          <SheetDescription>Nobody is told of alerts that fit all of what is chosen here.</SheetDescription>
        </SheetHeader>
        <SheetBody>
          <form onSubmit={submit} noValidate aria-label="New silence" className="flex flex-col gap-4">
            <FormError text={set.error === null ? null : errorText(set.error)} />
            <Field label="Rule">
              <Select value={rule} onChange={(event) => setRule(event.target.value)}>
                <option value="">Any rule</option>
                {data?.rules.map(({ id, name }) => (
                  <option key={id}>{name}</option>
                ))}
              </Select>
            </Field>
            <Field label="About" hint="As address:192.0.2.7; * stands for any text. Blank: anything.">
              <Input
                value={subject}
                maxLength={160}
                autoComplete="off"
                spellCheck={false}
                className="font-mono text-xs"
                onChange={(event) => setSubject(event.target.value)}
              />
            </Field>
            <Field label="Severity">
              <Select value={severity} onChange={(event) => setSeverity(event.target.value)}>
                <option value="">Any severity</option>
                {ALERT_SEVERITIES.map((known) => (
                  <option key={known}>{known}</option>
                ))}
              </Select>
            </Field>
            <Field label="For">
              <Select value={lengthMs} onChange={(event) => setLengthMs(Number(event.target.value))}>
                {LENGTHS.map(({ label, ms }) => (
                  <option key={ms} value={ms}>
                    {label}
                  </option>
                ))}
              </Select>
            </Field>
            <Field label="Why" hint="Stands on the record.">
              <Input value={comment} maxLength={300} onChange={(event) => setComment(event.target.value)} />
            </Field>
            <div className="self-end">
              <SubmitButton
                busy={set.isPending}
                label="Set silence"
                busyLabel="Setting the silence"
                disabled={matchers.length === 0 || comment.trim() === ""}
              />
            </div>
          </form>
        </SheetBody>
      </SheetContent>
    </Sheet>
  );
}
