"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import { AnomalyState } from "#components/anomalies/anomaly-state.tsx";
import { eventsHref, rangeText, valueText } from "#components/anomalies/words.ts";
import { DetailSheet } from "#components/shared/detail-sheet.tsx";
import { plainText } from "#components/shared/plain-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useMutationForm } from "#components/shared/use-mutation-form.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Absent } from "#components/ui/absent.tsx";
import { Button } from "#components/ui/button.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { Field } from "#components/ui/field.tsx";
import { FormError } from "#components/ui/form-error.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";
import { Time } from "#components/ui/time.tsx";
import { REASON_WORDS, VERDICTS } from "#server/anomalies/policy.ts";
import type { AnomalyView } from "#server/anomalies/schema.ts";

/** One episode: what was measured, what would have been ordinary, the events behind it, and what somebody made of it. */
export function AnomalySheet({ id, onClose }: { id: string; onClose: () => void }) {
  const trpc = useTRPC();
  const detail = useQuery(trpc.anomalies.byId.queryOptions({ id }));
  return (
    <DetailSheet title="Unusual activity" id={id} noun="episode" detail={detail} onClose={onClose}>
      {(anomaly) => <Detail anomaly={anomaly} />}
    </DetailSheet>
  );
}

function Detail({ anomaly }: { anomaly: AnomalyView }) {
  const can = useCan();
  const { subject, startedAt, lastAt, endedAt, score, acknowledged, reason, explanation, windowSeconds } = anomaly;
  const href = can("audit:read") ? eventsHref(anomaly) : null;
  return (
    <>
      <p className="break-words">{plainText(explanation)}</p>
      <DescriptionList>
        <DescriptionItem name="State">
          <AnomalyState anomaly={anomaly} />
        </DescriptionItem>
        <DescriptionItem name="About" mono>
          {subject === "" ? "all together" : plainText(subject)}
        </DescriptionItem>
        <DescriptionItem name="Measured">{`${valueText(anomaly)} within ${windowSeconds / 60} minutes`}</DescriptionItem>
        <DescriptionItem name="Most since">{valueText({ value: anomaly.peak, unit: anomaly.unit })}</DescriptionItem>
        <DescriptionItem name="Ordinary">{rangeText(anomaly)}</DescriptionItem>
        <DescriptionItem name="Why">{REASON_WORDS[reason]}</DescriptionItem>
        <DescriptionItem name="Score">{score.toFixed(3)}</DescriptionItem>
        <DescriptionItem name="Began">
          <Time value={startedAt} />
        </DescriptionItem>
        <DescriptionItem name="Last unusual">
          <Time value={lastAt} />
        </DescriptionItem>
        <DescriptionItem name="Over since">
          {endedAt === null ? <Absent text="going on" /> : <Time value={endedAt} />}
        </DescriptionItem>
        {acknowledged !== null && (
          <DescriptionItem name={acknowledged.verdict === "expected" ? "Expected" : "Handled"}>
            {plainText(acknowledged.reason)} ({acknowledged.by}, <Time value={acknowledged.at} />)
          </DescriptionItem>
        )}
      </DescriptionList>
      {href !== null && (
        <Button asChild variant="outline" size="sm" className="self-start">
          <Link href={href}>Show its events</Link>
        </Button>
      )}
      {can("alerts:write") && <Acknowledge id={anomaly.id} again={acknowledged !== null} />}
    </>
  );
}

function Acknowledge({ id, again }: { id: string; again: boolean }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [verdict, setVerdict] = useState<(typeof VERDICTS)[number]>("expected");
  const [reason, setReason] = useState("");
  const form = useMutationForm(
    trpc.anomalies.acknowledge.mutationOptions({
      onSuccess: async () => {
        setReason("");
        toast("That is on record");
        await queryClient.invalidateQueries(trpc.anomalies.pathFilter());
      },
    }),
    ["reason"],
  );
  return (
    <form
      {...form.formProps}
      className="flex flex-col gap-3 border-t pt-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (!form.busy) form.send({ id, verdict, reason });
      }}
    >
      <FormError text={form.formError} />
      <Field label="What was it?">
        <Select
          value={verdict}
          onChange={(event) => setVerdict(VERDICTS.find((each) => each === event.target.value) ?? "expected")}
        >
          <option value="expected">Expected: nothing was wrong</option>
          <option value="handled">Handled: something was done about it</option>
        </Select>
      </Field>
      <Field label="Reason" hint="Goes on the record with your name." error={form.errors.reason?.[0]}>
        <Input name="reason" value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
      </Field>
      <Button type="submit" size="sm" className="self-start" disabled={form.busy}>
        {again ? "Say it anew" : "Acknowledge"}
      </Button>
    </form>
  );
}
