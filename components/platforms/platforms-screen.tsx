"use client";

import { useQuery } from "@tanstack/react-query";
import { PlugIcon, PlusIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { ConnectionState } from "#components/platforms/connection-state.tsx";
import { PLATFORMS } from "#components/platforms/platform-fields.ts";
import { SourceBadge } from "#components/policy/source-badge.tsx";
import { useOpenRow, useUrlFlag } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import type { ConnectionRow } from "#server/channels/console-schema.ts";

const PlatformSheet = dynamic(() =>
  import("#components/platforms/platform-sheet.tsx").then((module) => module.PlatformSheet),
);

const REFRESH_MS = 10_000;

const COLUMNS: readonly DataColumn<ConnectionRow>[] = [
  { key: "channel", header: "Channel", cell: ({ channel }) => channel },
  { key: "type", header: "Platform", cell: ({ type }) => PLATFORMS[type].label },
  { key: "state", header: "State", cell: ({ state }) => <ConnectionState state={state} /> },
  {
    key: "hookPath",
    header: "Delivers to",
    from: "lg",
    cell: ({ hookPath }) => <code className="font-mono text-xs">{hookPath}</code>,
  },
  { key: "source", header: "Kept in", from: "sm", cell: ({ source }) => <SourceBadge inFile={source === "file"} /> },
];

/** The messaging platforms that deliver to this gateway. */
export function PlatformsScreen() {
  const trpc = useTRPC();
  const mayWrite = useCan()("channels:write");
  const [openName, setOpenName] = useOpenRow();
  const [isAdding, setAdding] = useUrlFlag("new");
  const list = useQuery(trpc.connections.list.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  const open = list.data?.connections.find(({ channel }) => channel === openName);
  const add = (
    <Button size="sm" onClick={() => setAdding(true)}>
      <PlusIcon aria-hidden />
      Connect platform
    </Button>
  );
  return (
    <div className="flex flex-col gap-6">
      <PageHeader
        title="Platforms"
        description="Messaging platforms that deliver to this gateway. Every delivery is proven by its platform's signature before it is read; who may write what is said under Channels."
        actions={mayWrite && add}
      />
      {list.error !== null && (
        <ErrorState
          title="The connections could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {list.isPending && <TableSkeleton label="Loading connections" rows={3} />}
      {list.data !== undefined &&
        (list.data.connections.length === 0 ? (
          <div className="rounded-lg border bg-card">
            <EmptyState icon={PlugIcon} title="No platform is connected" action={mayWrite ? add : undefined}>
              Connect Telegram, Slack, WhatsApp, Discord or anything that signs its webhooks, and people can write to
              the agent from there.
            </EmptyState>
          </div>
        ) : (
          <DataTable
            label="Connections"
            columns={COLUMNS}
            rows={list.data.connections}
            rowKey={({ channel }) => channel}
            onOpen={({ channel }) => void setOpenName(channel)}
            openKey={openName}
          />
        ))}
      {list.data !== undefined && (open !== undefined || (isAdding && mayWrite)) && (
        <PlatformSheet
          key={open?.channel ?? ""}
          connection={open ?? null}
          taken={list.data.connections.map(({ channel }) => channel)}
          configFile={list.data.configFile}
          mayWrite={mayWrite}
          onClose={() => {
            setAdding(false);
            void setOpenName(null);
          }}
        />
      )}
    </div>
  );
}
