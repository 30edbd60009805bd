"use client";

import { useQuery } from "@tanstack/react-query";
import { MessagesSquareIcon, PlusIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { parseAsString, useQueryStates } from "nuqs";
import { ChannelTable } from "#components/channels/channel-table.tsx";
import { ProvisionedNote } from "#components/policy/provisioned-note.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";

const ChannelSheet = dynamic(async () => (await import("#components/channels/channel-sheet.tsx")).ChannelSheet);

const PLACE = { open: parseAsString, new: parseAsString };

/** Who and what each channel lets in. The open channel is in the address. */
export function ChannelsScreen() {
  const trpc = useTRPC();
  const can = useCan();
  const [place, go] = useQueryStates(PLACE, { history: "push" });
  const { data, error, isFetching, refetch } = useQuery(trpc.channels.list.queryOptions());
  const isWritable = data !== undefined && data.provisioned === null && can("channels:write");
  const create = (
    <Button size="sm" onClick={() => void go({ new: "", open: null })}>
      <PlusIcon aria-hidden />
      New channel rules
    </Button>
  );
  return (
    <div className="flex flex-col gap-6">
      <PageHeader
        title="Channels"
        description="Who and what each channel lets in, on top of roles. A block beats every allow; where a channel has rules, who is on no list stays outside."
        actions={isWritable && create}
      />
      {data !== undefined && data.provisioned !== null && <ProvisionedNote noun="channels" place={data.provisioned} />}
      {error !== null && (
        <ErrorState
          title="The channels could not be read"
          error={error}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      {data === undefined && error === null && <TableSkeleton label="Loading channels" />}
      {data !== undefined &&
        (data.channels.length === 0 ? (
          <div className="rounded-lg border bg-card">
            <EmptyState icon={MessagesSquareIcon} title="No channel has rules" action={isWritable ? create : undefined}>
              Roles alone decide who may use which channel. Give a channel rules to let in only some people or commands.
            </EmptyState>
          </div>
        ) : (
          <ChannelTable
            channels={data.channels}
            inFile={data.provisioned !== null}
            openName={place.open}
            onOpen={({ channel }) => void go({ open: channel, new: null })}
          />
        ))}
      {data !== undefined && data.withoutRules.length > 0 && (
        <p className="text-muted-foreground">
          Without rules, so that roles alone decide: {data.withoutRules.join(", ")}.
        </p>
      )}
      {data !== undefined && (place.open !== null || place.new !== null) && (
        <ChannelSheet
          key={place.open ?? ""}
          name={place.new === null ? place.open : null}
          list={data}
          canWrite={can("channels:write")}
          onClose={() => void go({ open: null, new: null })}
        />
      )}
    </div>
  );
}
