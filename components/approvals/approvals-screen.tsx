"use client";

import { useQuery } from "@tanstack/react-query";
import { StampIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { ApprovalState } from "#components/approvals/approval-state.tsx";
import { useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { ApprovalSummary } from "#server/approvals/schema.ts";

const ApprovalSheet = dynamic(() =>
  import("#components/approvals/approval-sheet.tsx").then((module) => module.ApprovalSheet),
);

/** Somebody waits for the answer. */
const REFRESH_MS = 3_000;

const COLUMNS: readonly DataColumn<ApprovalSummary>[] = [
  { key: "createdAt", header: "Asked", cell: ({ createdAt }) => <Time value={createdAt} /> },
  { key: "state", header: "State", cell: ({ state }) => <ApprovalState state={state} /> },
  { key: "user", header: "By", cell: ({ userId }) => userId ?? <Absent text="a token" /> },
  { key: "channel", header: "Channel", from: "sm", cell: ({ channel }) => channel },
  { key: "what", header: "What", cell: ({ agent, language }) => (agent === null ? language : `question to ${agent}`) },
  { key: "profile", header: "Profile", from: "lg", cell: ({ profile }) => profile },
  { key: "expiresAt", header: "Expires", from: "lg", cell: ({ expiresAt }) => <Time value={expiresAt} /> },
];

/** Runs that wait until somebody else has read them. */
export function ApprovalsScreen() {
  const trpc = useTRPC();
  const [openId, setOpenId] = useOpenRow();
  const list = useQuery(trpc.approvals.list.queryOptions({}, { refetchInterval: REFRESH_MS }));
  const { data } = list;
  return (
    <div className="flex flex-col gap-6">
      <PageHeader
        title="Approvals"
        description="Runs whose sandbox profile asks for somebody else's eyes. What is approved is what runs, to the byte; nobody approves their own."
      />
      {list.error !== null && (
        <ErrorState
          title="The approvals could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {list.isPending && <TableSkeleton label="Loading approvals" rows={3} />}
      {data !== undefined &&
        (data.approvals.length === 0 ? (
          <div className="rounded-lg border bg-card">
            <EmptyState icon={StampIcon} title="Nothing waits for approval">
              Give a sandbox profile <code className="font-mono text-xs">approval: &quot;required&quot;</code>, and its
              runs wait here for up to an hour.
            </EmptyState>
          </div>
        ) : (
          <DataTable
            label="Approvals"
            columns={COLUMNS}
            rows={data.approvals}
            rowKey={({ id }) => id}
            onOpen={({ id }) => void setOpenId(id)}
            openKey={openId}
          />
        ))}
      {openId !== null && <ApprovalSheet key={openId} id={openId} onClose={() => void setOpenId(null)} />}
    </div>
  );
}
