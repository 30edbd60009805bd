"use client";

import { useQuery } from "@tanstack/react-query";
import { KeySquareIcon, TriangleAlertIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { parseAsStringLiteral, useQueryState } from "nuqs";
import { KeyAge, KeySourceText, KeyState } from "#components/keys/key-state.tsx";
import { useOpenRow } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { DataTable } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Select } from "#components/ui/select.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import { KEY_STATES } from "#server/key-rotation/policy.ts";
import type { KeyList } from "#server/key-rotation/schema.ts";

const KeySheet = dynamic(() => import("#components/keys/key-sheet.tsx").then((module) => module.KeySheet));

const REFRESH_MS = 15_000;
const FILTER_WORDS = { ok: "In time", due_soon: "Due soon", overdue: "Overdue", unknown: "Not seen yet" } as const;

/** The keys of outside services that this gateway holds: how old they are, and how to replace them. */
export function KeysScreen() {
  const trpc = useTRPC();
  const [openId, setOpenId] = useOpenRow();
  const list = useQuery(trpc.keys.list.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  const open = list.data?.keys.find(({ id }) => id === openId);
  return (
    <div className="flex flex-col gap-6">
      <PageHeader
        title="Keys"
        description="Keys of providers, bot tokens and webhook secrets that this gateway holds. Only their age and a keyed hash are kept here, never a value."
      />
      {list.error !== null && (
        <ErrorState
          title="The keys could not be read"
          error={list.error}
          busy={list.isFetching}
          onRetry={() => void list.refetch()}
        />
      )}
      {list.isPending && <TableSkeleton label="Loading keys" rows={4} />}
      {list.data !== undefined && <Keys list={list.data} openId={openId} onOpen={(id) => void setOpenId(id)} />}
      {open !== undefined && list.data !== undefined && (
        <KeySheet view={open} rotation={list.data.rotation} onClose={() => void setOpenId(null)} />
      )}
    </div>
  );
}

interface KeysProps {
  list: KeyList;
  openId: string | null;
  onOpen: (id: string) => void;
}

function Keys({ list: { rotation, keys }, openId, onOpen }: KeysProps) {
  const [state, setState] = useQueryState("state", parseAsStringLiteral(KEY_STATES));
  if (keys.length === 0) {
    return (
      <div className="rounded-lg border bg-card">
        <EmptyState icon={KeySquareIcon} title="The gateway holds no key yet">
          Set up a model provider in the configuration, or connect a platform: its keys appear here with their age, and
          you are told before they are due.
        </EmptyState>
      </div>
    );
  }
  const warnFrom = Math.max(0, 1 - rotation.notifyBeforeMs / rotation.intervalMs);
  const shown = keys.filter((key) => state === null || key.state === state);
  return (
    <div className="flex flex-col gap-3">
      {!rotation.enabled && (
        <Alert variant="warning">
          <TriangleAlertIcon aria-hidden />
          <p>Notices are off: security.keyRotation.enabled is false, so nobody is told when a key is due.</p>
        </Alert>
      )}
      <label className="flex items-center gap-2 self-start">
        <span className="text-muted-foreground">State</span>
        <Select
          value={state ?? ""}
          onChange={(event) => void setState(KEY_STATES.find((known) => known === event.target.value) ?? null)}
        >
          <option value="">All</option>
          {KEY_STATES.map((known) => (
            <option key={known} value={known}>
              {FILTER_WORDS[known]}
            </option>
          ))}
        </Select>
      </label>
      {shown.length === 0 ? (
        <p className="text-muted-foreground">No key is in this state.</p>
      ) : (
        <DataTable
          label="Keys"
          rows={shown}
          rowKey={({ id }) => id}
          onOpen={({ id }) => onOpen(id)}
          openKey={openId}
          columns={[
            { key: "key", header: "Key", cell: ({ label }) => label },
            { key: "state", header: "State", cell: (key) => <KeyState state={key.state} /> },
            { key: "age", header: "Age", from: "sm", cell: (key) => <KeyAge view={key} warnFrom={warnFrom} /> },
            {
              key: "due",
              header: "Due",
              from: "sm",
              cell: ({ dueAt }) => (dueAt === null ? "–" : <Time value={dueAt} />),
            },
            { key: "source", header: "Comes from", from: "lg", cell: (key) => <KeySourceText view={key} /> },
            {
              key: "used",
              header: "Last used",
              from: "xl",
              cell: ({ lastUsedAt }) => (lastUsedAt === null ? "not known" : <Time value={lastUsedAt} />),
            },
          ]}
        />
      )}
    </div>
  );
}
