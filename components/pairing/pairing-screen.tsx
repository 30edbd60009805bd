"use client";

import { useQuery } from "@tanstack/react-query";
import { UserRoundCheckIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { IdentitiesSection } from "#components/pairing/identities-section.tsx";
import { ProvisionedNote } from "#components/policy/provisioned-note.tsx";
import { useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Section } from "#components/ui/section.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import { SenderName } from "#components/pairing/sender-name.tsx";
import type { PairingRequest } from "#server/channels/pairing/schema.ts";

const PairingSheet = dynamic(() =>
  import("#components/pairing/pairing-sheet.tsx").then((module) => module.PairingSheet),
);

/** Strangers who wrote just now should be there without a reload. */
const REFRESH_MS = 5_000;

const COLUMNS: readonly DataColumn<PairingRequest>[] = [
  { key: "sender", header: "Sender", cell: (request) => <SenderName {...request} /> },
  { key: "channel", header: "Channel", cell: ({ channel }) => channel },
  { key: "createdAt", header: "Asked", from: "sm", cell: ({ createdAt }) => <Time value={createdAt} /> },
  { key: "expiresAt", header: "Expires", cell: ({ expiresAt }) => <Time value={expiresAt} /> },
];

/** Senders of platforms: those who wait to be known, and those who are. */
export function PairingScreen() {
  const trpc = useTRPC();
  const mayWrite = useCan()("users:write");
  const [openId, setOpenId] = useOpenRow();
  const list = useQuery(trpc.pairing.list.queryOptions({}, { refetchInterval: REFRESH_MS }));
  const open = list.data?.requests.find(({ id }) => id === openId);
  return (
    <div className="flex flex-col gap-8">
      <PageHeader
        title="Pairing"
        description="Who the senders of messaging platforms are here. A stranger who writes to a bot gets a code and nothing else, until somebody approves it."
      />
      {list.data !== undefined && list.data.provisioned !== null && (
        <ProvisionedNote noun="users" place={list.data.provisioned} />
      )}
      <Section
        title="Waiting"
        description="Approve a code only when its owner told it to you another way: the name shown is anybody's claim."
      >
        {list.data !== undefined &&
          (list.data.requests.length === 0 ? (
            <div className="rounded-lg border bg-card">
              <EmptyState icon={UserRoundCheckIcon} title="Nobody waits">
                Somebody unknown who writes to a connected bot in a direct conversation appears here with their id.
              </EmptyState>
            </div>
          ) : (
            <DataTable
              label="Senders who wait"
              columns={COLUMNS}
              rows={list.data.requests}
              rowKey={({ id }) => id}
              onOpen={({ id }) => void setOpenId(id)}
              openKey={openId}
            />
          ))}
        {list.isPending && <TableSkeleton label="Loading senders" rows={2} />}
        {list.error !== null && (
          <ErrorState
            title="The open codes could not be read"
            error={list.error}
            busy={list.isFetching}
            onRetry={() => void list.refetch()}
          />
        )}
      </Section>
      <IdentitiesSection mayWrite={mayWrite} />
      {open !== undefined && list.data !== undefined && (
        <PairingSheet
          key={open.id}
          request={open}
          roles={list.data.roles}
          mayMakeUsers={list.data.provisioned === null}
          mayWrite={mayWrite}
          onClose={() => void setOpenId(null)}
        />
      )}
    </div>
  );
}
