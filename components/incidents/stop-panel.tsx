"use client";

import { useMutation } from "@tanstack/react-query";
import { OctagonXIcon, PlayIcon } from "lucide-react";
import { useState } from "react";
import { TextField } from "#components/auth/text-field.tsx";
import { useIncidentChange } from "#components/incidents/use-incident-change.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { Time } from "#components/ui/time.tsx";
import { DEFAULT_MESSAGE, STOP_PHRASE } from "#server/incidents/policy.ts";
import type { LockView } from "#server/incidents/schema.ts";

interface StopPanelProps {
  /** The lock on everything; null = nothing is stopped. */
  stopped: LockView | null;
  incidentId: string | null;
  mayManage: boolean;
}

/** The red button, and the way back. */
export function StopPanel({ stopped, incidentId, mayManage }: StopPanelProps) {
  const [asking, setAsking] = useState<"stop" | "drill" | "resume" | null>(null);
  const close = () => setAsking(null);
  return (
    <>
      {stopped === null ? (
        <Alert className="flex-wrap items-center">
          <OctagonXIcon aria-hidden />
          <p className="min-w-0 flex-1 basis-64">
            <span className="font-medium">Stop everything.</span> Ends all runs, closes all streams and connections, and
            refuses everybody but members who may manage incidents. It is taken back here or with{" "}
            <code className="font-mono text-xs">openclaw incident resume</code>.
          </p>
          {mayManage && (
            <div className="flex flex-wrap gap-2">
              <Button variant="outline" size="sm" onClick={() => setAsking("drill")}>
                Drill
              </Button>
              <Button variant="destructive" size="sm" onClick={() => setAsking("stop")}>
                Stop everything
              </Button>
            </div>
          )}
        </Alert>
      ) : (
        <Alert variant="destructive" className="flex-wrap items-center">
          <OctagonXIcon aria-hidden />
          <div className="min-w-0 flex-1 basis-64">
            <p className="font-medium">
              Everything is stopped since <Time value={stopped.setAt} />, by {stopped.setBy}
            </p>
            <p className="break-words text-muted-foreground">
              {stopped.reason} Everybody reads: “{stopped.message}”
            </p>
          </div>
          {mayManage && (
            <Button size="sm" onClick={() => setAsking("resume")}>
              <PlayIcon aria-hidden />
              Resume
            </Button>
          )}
        </Alert>
      )}
      {(asking === "stop" || asking === "drill") && (
        <StopDialog drill={asking === "drill"} incidentId={incidentId} onClose={close} />
      )}
      {asking === "resume" && <ResumeDialog onClose={close} />}
    </>
  );
}

function StopDialog({
  drill,
  incidentId,
  onClose,
}: {
  drill: boolean;
  incidentId: string | null;
  onClose: () => void;
}) {
  const trpc = useTRPC();
  const changed = useIncidentChange();
  const [reason, setReason] = useState("");
  const [message, setMessage] = useState(DEFAULT_MESSAGE);
  const stop = useMutation(
    trpc.incidents.stopEverything.mutationOptions({
      onSuccess: () => {
        onClose();
        return changed(drill ? "The drill goes on" : "Everything is stopped");
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={drill ? "Try the stop of everything?" : "Stop everything?"}
      consequence={
        drill
          ? "A drill: every server says what it would cut and how soon it heard of it. Nobody is shut out, and the record says that it was a drill."
          : "All runs end, all streams and connections close, and everybody is refused, within a second. What is cut is not brought back by resuming."
      }
      confirmLabel={drill ? "Start drill" : "Stop everything"}
      {...(drill ? { harmless: true } : { typeName: STOP_PHRASE })}
      busy={stop.isPending}
      error={stop.error}
      onConfirm={() => stop.mutate({ confirmation: STOP_PHRASE, reason, message, drill, incidentId })}
    >
      <TextField
        label="Reason"
        hint="For the team and the audit log."
        maxLength={500}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      {!drill && (
        <TextField
          label="Message to everybody"
          maxLength={300}
          value={message}
          onChange={(event) => setMessage(event.target.value)}
        />
      )}
    </ConfirmDialog>
  );
}

function ResumeDialog({ onClose }: { onClose: () => void }) {
  const trpc = useTRPC();
  const changed = useIncidentChange();
  const [reason, setReason] = useState("");
  const resume = useMutation(
    trpc.incidents.resume.mutationOptions({
      onSuccess: () => {
        onClose();
        return changed("Everybody is let in again");
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title="Let everybody in again?"
      consequence="The stop of everything is taken back. Other locks hold on, and runs that were stopped stay stopped."
      confirmLabel="Resume"
      harmless
      busy={resume.isPending}
      error={resume.error}
      onConfirm={() => resume.mutate({ reason })}
    >
      <TextField
        label="Reason"
        hint="For the team and the audit log."
        maxLength={500}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
    </ConfirmDialog>
  );
}
