"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { TriangleAlertIcon } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { ApprovalState } from "#components/approvals/approval-state.tsx";
import { DetailSheet } from "#components/shared/detail-sheet.tsx";
import { formatBytes } from "#components/shared/format.ts";
import { plainText } from "#components/shared/plain-text.ts";
import { toast } from "#components/shared/toast.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";
import { CodeBlock } from "#components/ui/code-block.tsx";
import { ConfirmDialog } from "#components/ui/confirm-dialog.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { Time } from "#components/ui/time.tsx";
import type { ApprovalDetail } from "#server/approvals/schema.ts";

/** What would run, as it is, and the decision about exactly that. */
export function ApprovalSheet({ id, onClose }: { id: string; onClose: () => void }) {
  const trpc = useTRPC();
  const detail = useQuery(trpc.approvals.detail.queryOptions({ id }));
  return (
    <DetailSheet title="Approval" id={id} noun="approval" detail={detail} onClose={onClose}>
      {(approval) => <Detail approval={approval} onDecided={onClose} />}
    </DetailSheet>
  );
}

function Detail({ approval, onDecided }: { approval: ApprovalDetail; onDecided: () => void }) {
  const [deciding, setDeciding] = useState<"approve" | "refuse" | null>(null);
  const { state, reason, userId, channel, agent, language, model, profile, files, outputs, runId, hidden } = approval;
  return (
    <>
      {hidden > 0 && (
        <Alert variant="warning">
          <TriangleAlertIcon aria-hidden />
          <p className="min-w-0 break-words">
            {hidden === 1 ? "One character" : `${hidden} characters`} in it cannot be seen or changes the direction of
            what is read. Each is shown by its number: look twice.
          </p>
        </Alert>
      )}
      <DescriptionList>
        <DescriptionItem name="State">
          <ApprovalState state={state} />
          {reason !== null && <> {plainText(reason)}</>}
        </DescriptionItem>
        <DescriptionItem name="Asked by">{userId ?? <Absent text="a token" />}</DescriptionItem>
        <DescriptionItem name="Channel">{channel}</DescriptionItem>
        <DescriptionItem name="What">
          {agent === null ? `Program in ${language}` : `Question to ${agent}`}
        </DescriptionItem>
        {model !== null && (
          <DescriptionItem name="Model" mono>
            {model}
          </DescriptionItem>
        )}
        <DescriptionItem name="Profile">{profile}</DescriptionItem>
        <DescriptionItem name="Files that come along">
          {files.length === 0 ? (
            <Absent />
          ) : (
            files.map(({ path, bytes, sha256 }) => (
              <p key={path}>
                {plainText(path)}, {formatBytes(bytes)}, <span className="font-mono text-xs break-all">{sha256}</span>
              </p>
            ))
          )}
        </DescriptionItem>
        <DescriptionItem name="Files that are kept">{outputs.map(plainText).join(", ") || <Absent />}</DescriptionItem>
        <DescriptionItem name="SHA-256 of all of it" mono>
          {approval.sha256}
        </DescriptionItem>
        <DescriptionItem name="Expires">
          <Time value={approval.expiresAt} />
        </DescriptionItem>
        {approval.decidedBy !== null && <DescriptionItem name="Decided by">{approval.decidedBy}</DescriptionItem>}
      </DescriptionList>
      <CodeBlock code={approval.text} label={agent === null ? "Program" : "Question"} wrap />
      <div className="flex flex-wrap gap-2">
        {runId !== null && (
          <Button asChild variant="outline" size="sm">
            <Link href={`/runs/${runId}`}>Open run</Link>
          </Button>
        )}
        {state === "pending" && (
          <>
            <Button variant="destructive-outline" size="sm" onClick={() => setDeciding("refuse")}>
              Refuse
            </Button>
            <Button size="sm" className="ml-auto" onClick={() => setDeciding("approve")}>
              Approve run
            </Button>
          </>
        )}
      </div>
      {deciding !== null && (
        <Decide
          approval={approval}
          approve={deciding === "approve"}
          onClose={() => setDeciding(null)}
          onDecided={onDecided}
        />
      )}
    </>
  );
}

interface DecideProps {
  approval: ApprovalDetail;
  approve: boolean;
  onClose: () => void;
  onDecided: () => void;
}

function Decide({ approval: { id, sha256 }, approve, onClose, onDecided }: DecideProps) {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const decide = useMutation(
    trpc.approvals.decide.mutationOptions({
      onSuccess: async () => {
        onDecided();
        toast(approve ? "The run is approved" : "The run is refused");
        await queryClient.invalidateQueries(trpc.approvals.pathFilter());
      },
    }),
  );
  return (
    <ConfirmDialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={approve ? "Approve this run?" : "Refuse this run?"}
      consequence={
        approve
          ? "Exactly what you have read is run, with the rights that its sender has then. That you approved it is on record."
          : "It is not run, and its sender is told so. That you refused it is on record."
      }
      confirmLabel={approve ? "Approve run" : "Refuse run"}
      busy={decide.isPending}
      error={decide.error}
      onConfirm={() => decide.mutate({ id, approve, sha256 })}
    />
  );
}
