import { LoaderCircleIcon } from "lucide-react";
import { Section } from "#components/ui/section.tsx";
import { StatusBadge, type Status } from "#components/ui/status-badge.tsx";
import { Time } from "#components/ui/time.tsx";
import type { BackupJob } from "#server/backups/schema.ts";

const JOB_LABELS: Record<BackupJob["kind"], string> = {
  create_config: "Backup of the configuration",
  create_full: "Full backup",
  verify: "Test restore",
  plan: "Plan of a restore",
};
const STATES: Record<BackupJob["state"], { status: Status; text: string }> = {
  queued: { status: "waiting", text: "Waiting" },
  running: { status: "busy", text: "Under way" },
  succeeded: { status: "ok", text: "Done" },
  failed: { status: "failed", text: "Failed" },
};
const SHOWN = 5;

/** What was asked for in the console, newest first. Kept by the server: leaving the page stops nothing. */
export function JobList({ jobs }: { jobs: readonly BackupJob[] }) {
  if (jobs.length === 0) {
    return null;
  }
  return (
    <Section title="Work asked for here">
      <ul aria-label="Backup work" className="flex flex-col divide-y rounded-md border bg-card">
        {jobs.slice(0, SHOWN).map((job) => (
          <li key={job.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-3">
            <StatusBadge status={STATES[job.state].status}>{STATES[job.state].text}</StatusBadge>
            <span className="font-medium">{JOB_LABELS[job.kind]}</span>
            <span className="text-muted-foreground">
              by {job.requestedBy}, <Time value={job.finishedAt ?? job.startedAt ?? job.createdAt} />
            </span>
            <Detail job={job} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Detail({ job: { state, progress, message, outcome, kind, name } }: { job: BackupJob }) {
  if (state === "running") {
    return (
      <span role="status" className="flex min-w-0 basis-full items-center gap-2 text-muted-foreground">
        <LoaderCircleIcon aria-hidden className="size-4 shrink-0" />
        {progress ?? "Beginning"}
      </span>
    );
  }
  if (state === "queued") {
    return (
      <span className="basis-full text-muted-foreground">
        The supervisor takes it up within a second. If it stays here, it does not run on this machine: use the command
        line there.
      </span>
    );
  }
  const notes = kind === "verify" ? (outcome?.notes ?? []) : [];
  return (
    <span className="min-w-0 basis-full break-words text-muted-foreground">
      {message ?? notes.join(" ")}
      {name !== null && <span className="font-mono text-xs break-all"> {name}</span>}
    </span>
  );
}
