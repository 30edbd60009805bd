"use client";

import { useMutation } from "@tanstack/react-query";
import { LockOpenIcon } from "lucide-react";
import { useState } from "react";
import { useIncidentChange } from "#components/incidents/use-incident-change.ts";
import { plainText } from "#components/shared/plain-text.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { Section } from "#components/ui/section.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { Time } from "#components/ui/time.tsx";
import { countsText, nameOfLock } from "#server/incidents/policy.ts";
import type { LockView } from "#server/incidents/schema.ts";

interface LocksSectionProps {
  title: string;
  locks: readonly LockView[];
  mayManage: boolean;
}

/** What is shut out now, what that has cut, and the way to let it in again. */
export function LocksSection({ title, locks, mayManage }: LocksSectionProps) {
  const [lifting, setLifting] = useState<LockView | null>(null);
  const columns: DataColumn<LockView>[] = [
    { key: "what", header: "What", cell: (lock) => plainText(nameOfLock(lock)) },
    {
      key: "state",
      header: "State",
      cell: ({ drill }) => <StatusBadge status={drill ? "info" : "denied"}>{drill ? "Drill" : "Locked"}</StatusBadge>,
    },
    { key: "since", header: "Since", cell: ({ setAt }) => <Time value={setAt} /> },
    {
      key: "until",
      header: "Until",
      from: "sm",
      cell: ({ expiresAt }) => (expiresAt === null ? "lifted" : <Time value={expiresAt} />),
    },
    { key: "reason", header: "Reason", from: "lg", cell: ({ reason }) => plainText(reason) },
    { key: "cut", header: "Cut", from: "lg", cell: (lock) => <CutText lock={lock} /> },
    { key: "by", header: "By", from: "xl", cell: ({ setBy }) => setBy },
    ...(mayManage
      ? [
          {
            key: "lift",
            header: "Lift",
            hiddenHeader: true,
            align: "right" as const,
            cell: (lock: LockView) => (
              <Button
                variant="outline"
                size="sm"
                aria-label={`${lock.drill ? "End drill on" : "Lift lock on"} ${nameOfLock(lock)}`}
                onClick={() => setLifting(lock)}
              >
                {lock.drill ? "End drill" : "Lift"}
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <Section title={title}>
      {locks.length === 0 ? (
        <div className="rounded-lg border bg-card">
          <EmptyState icon={LockOpenIcon} title="Nothing is locked">
            A lock shuts out a person, role, token, channel or member at every door, with a message, for as long as you
            say. Set one here or from the screen of what it is about.
          </EmptyState>
        </div>
      ) : (
        <DataTable label={`List of ${title.toLowerCase()}`} columns={columns} rows={locks} rowKey={({ id }) => id} />
      )}
      {lifting !== null && <LiftDialog lock={lifting} onClose={() => setLifting(null)} />}
    </Section>
  );
}

/** How much each server cut, and after how long the slowest had. */
function CutText({ lock: { stored, cuts, drill } }: { lock: LockView }) {
  const total = { ...stored };
  for (const { counts } of cuts) {
    for (const [name, count] of Object.entries(counts)) {
      total[name] = (total[name] ?? 0) + count;
    }
  }
  const slowest = Math.max(0, ...cuts.map(({ afterMs }) => afterMs));
  return (
    <>
      {drill && "would be "}
      {countsText(total)}
      {cuts.length > 0 && ` (${cuts.length === 1 ? "1 server" : `${cuts.length} servers`}, ${slowest} ms)`}
    </>
  );
}

function LiftDialog({ lock, onClose }: { lock: LockView; onClose: () => void }) {
  const trpc = useTRPC();
  const changed = useIncidentChange();
  const lift = useMutation(
    trpc.incidents.lift.mutationOptions({
      onSuccess: () => {
        onClose();
        return changed(lock.drill ? "The drill has ended" : "The lock is lifted");
      },
    }),
  );
  const name = nameOfLock(lock);
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={lock.drill ? `End the drill on ${name}?` : `Lift the lock on ${name}?`}
      consequence={
        lock.drill
          ? "Nobody was shut out by it."
          : "They are let in again at once. What was cut stays cut; sessions that ended have to sign in again."
      }
      confirmLabel={lock.drill ? "End drill" : "Lift lock"}
      harmless
      busy={lift.isPending}
      error={lift.error}
      onConfirm={() => lift.mutate({ id: lock.id })}
    />
  );
}
