"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { DownloadIcon } from "lucide-react";
import { useState } from "react";
import { NoteForm } from "#components/incidents/note-form.tsx";
import { SeverityBadge } from "#components/incidents/severity-badge.tsx";
import { TextArea } from "#components/incidents/text-area.tsx";
import { Timeline } from "#components/incidents/timeline.tsx";
import { useIncidentChange } from "#components/incidents/use-incident-change.ts";
import { DetailSheet } from "#components/shared/detail-sheet.tsx";
import { download } from "#components/shared/download.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { Field } from "#components/ui/field.tsx";
import { Section } from "#components/ui/section.tsx";
import { Time } from "#components/ui/time.tsx";
import { nameOfLock, REPORT_FORMATS, type IncidentReportFormat } from "#server/incidents/policy.ts";
import type { IncidentDetail } from "#server/incidents/schema.ts";

const REFRESH_MS = 5_000;

interface IncidentSheetProps {
  id: string;
  mayManage: boolean;
  onClose: () => void;
}

/** One incident: what is known, its timeline, its report, and what is added to it. */
export function IncidentSheet({ id, mayManage, onClose }: IncidentSheetProps) {
  const trpc = useTRPC();
  const detail = useQuery(trpc.incidents.detail.queryOptions({ id }, { refetchInterval: REFRESH_MS }));
  const { data } = detail;
  const title = data === undefined ? "Incident" : `${data.drill ? "Drill: " : ""}${data.title}`;
  return (
    <DetailSheet title={title} id={id} noun="incident" detail={detail} onClose={onClose} className="gap-6">
      {(incident) => <Detail incident={incident} mayManage={mayManage} onClose={onClose} />}
    </DetailSheet>
  );
}

function Detail({
  incident,
  mayManage,
  onClose,
}: {
  incident: IncidentDetail;
  mayManage: boolean;
  onClose: () => void;
}) {
  const [closing, setClosing] = useState(false);
  const { id, severity, commander, openedAt, openedBy, closedAt, subjects, locks, plan, conclusion } = incident;
  return (
    <>
      <DescriptionList>
        <DescriptionItem name="Severity">
          <SeverityBadge severity={severity} />
        </DescriptionItem>
        <DescriptionItem name="Led by">{commander}</DescriptionItem>
        <DescriptionItem name="Opened">
          <Time value={openedAt} exact /> by {openedBy}
        </DescriptionItem>
        <DescriptionItem name="Closed">
          {closedAt === null ? "still open" : <Time value={closedAt} exact />}
        </DescriptionItem>
        <DescriptionItem name="About">{subjects.length === 0 ? "everything" : subjects.join(", ")}</DescriptionItem>
        <DescriptionItem name="Locks">{locks.length === 0 ? "none" : locks.map(nameOfLock).join(", ")}</DescriptionItem>
      </DescriptionList>
      {plan !== "" && (
        <Section title="Plan and communication">
          <p className="break-words whitespace-pre-wrap">{plan}</p>
        </Section>
      )}
      {conclusion !== "" && (
        <Section title="Conclusion">
          <p className="break-words whitespace-pre-wrap">{conclusion}</p>
        </Section>
      )}
      <ReportButtons id={id} />
      {mayManage && <NoteForm id={id} />}
      <Section
        title="Timeline"
        description="The audit log from an hour before it was opened, and what was noted. Newest last."
      >
        <Timeline entries={incident.timeline} cut={incident.timelineCut} />
      </Section>
      {mayManage && closedAt === null && (
        <Button variant="outline" className="self-start" onClick={() => setClosing(true)}>
          Close incident
        </Button>
      )}
      {closing && <CloseDialog incident={incident} onClose={() => setClosing(false)} onClosed={onClose} />}
    </>
  );
}

function ReportButtons({ id }: { id: string }) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const [busy, setBusy] = useState(false);
  async function get(format: IncidentReportFormat) {
    setBusy(true);
    try {
      const { name, text } = await queryClient.fetchQuery(trpc.incidents.report.queryOptions({ id, format }));
      download(name, text, TYPES[format]);
    } catch {
      toast("The report could not be made");
    } finally {
      setBusy(false);
    }
  }
  return (
    <Section title="Report">
      <div className="flex flex-wrap gap-2">
        {REPORT_FORMATS.map((format) => (
          <Button key={format} variant="outline" size="sm" disabled={busy} onClick={() => void get(format)}>
            <DownloadIcon aria-hidden />
            {LABELS[format]}
          </Button>
        ))}
      </div>
    </Section>
  );
}

const LABELS: Record<IncidentReportFormat, string> = { text: "Text", md: "Markdown", json: "JSON", html: "HTML" };
const TYPES: Record<IncidentReportFormat, string> = {
  text: "text/plain",
  md: "text/markdown",
  json: "application/json",
  html: "text/html",
};

function CloseDialog({
  incident: { id, title, locks },
  onClose,
  onClosed,
}: {
  incident: IncidentDetail;
  onClose: () => void;
  onClosed: () => void;
}) {
  const trpc = useTRPC();
  const changed = useIncidentChange();
  const [conclusion, setConclusion] = useState("");
  const close = useMutation(
    trpc.incidents.close.mutationOptions({
      onSuccess: () => {
        onClosed();
        return changed("The incident is closed");
      },
    }),
  );
  const held = locks.filter(({ endedAt, drill }) => endedAt === null && !drill).length;
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={`Close “${title}”?`}
      consequence={
        held === 0
          ? "Its report stays here, and notes can be added later."
          : `${held === 1 ? "One lock of it holds" : `${held} locks of it hold`} on until lifted. Its report stays here.`
      }
      confirmLabel="Close incident"
      harmless
      busy={close.isPending}
      error={close.error}
      onConfirm={() => close.mutate({ id, conclusion })}
    >
      <Field label="What was found, and what follows from it" optional>
        <TextArea
          rows={4}
          maxLength={20_000}
          value={conclusion}
          onChange={(event) => setConclusion(event.target.value)}
        />
      </Field>
    </ConfirmDialog>
  );
}
