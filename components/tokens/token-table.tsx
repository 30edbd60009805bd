"use client";

import { isLive, TokenStateBadge } from "#components/tokens/token-state-badge.tsx";
import { Absent } from "#components/ui/absent.tsx";
import { Checkbox } from "#components/ui/checkbox.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { Time } from "#components/ui/time.tsx";
import type { ConsoleToken } from "#server/tokens/console-schema.ts";

interface TokenTableProps {
  tokens: readonly ConsoleToken[];
  openId: string | null;
  onOpen: (token: ConsoleToken) => void;
  /** Null: nothing can be chosen. */
  selection: { ids: ReadonlySet<string>; toggle: (id: string) => void } | null;
}

const COLUMNS: readonly DataColumn<ConsoleToken>[] = [
  {
    key: "name",
    header: "Name",
    cell: ({ name, hint }) => (
      <span className="flex max-w-40 flex-col sm:max-w-60">
        <span className="truncate font-medium">{name}</span>
        <span className="truncate font-mono text-xs text-muted-foreground">{hint}</span>
      </span>
    ),
  },
  { key: "role", header: "Role and scopes", from: "sm", cell: (token) => <RoleAndScopes token={token} /> },
  {
    key: "owner",
    header: "Owner",
    from: "lg",
    cell: ({ owner }) => <span className="inline-block max-w-40 truncate align-middle">{owner}</span>,
  },
  { key: "created", header: "Created", from: "xl", cell: ({ createdAt }) => <Time value={createdAt} /> },
  { key: "used", header: "Last used", from: "lg", cell: (token) => <LastUsed token={token} /> },
  {
    key: "expires",
    header: "Expires",
    from: "sm",
    cell: ({ expiresAt }) => (expiresAt === null ? "never" : <Time value={expiresAt} />),
  },
  { key: "state", header: "State", cell: ({ state }) => <TokenStateBadge state={state} /> },
];

export function TokenTable({ tokens, openId, onOpen, selection }: TokenTableProps) {
  const columns: readonly DataColumn<ConsoleToken>[] =
    selection === null
      ? COLUMNS
      : [
          ...COLUMNS,
          {
            key: "select",
            header: "Select",
            from: "sm",
            align: "right",
            cell: (token) => (
              <label className="inline-flex size-6 items-center justify-center">
                <Checkbox
                  aria-label={`Select ${token.name} (${token.id})`}
                  checked={selection.ids.has(token.id)}
                  onChange={() => selection.toggle(token.id)}
                />
              </label>
            ),
          },
        ];
  return (
    <DataTable
      label="Tokens"
      columns={columns}
      rows={tokens}
      rowKey={({ id }) => id}
      openKey={openId}
      onOpen={onOpen}
    />
  );
}

function RoleAndScopes({ token: { role, scopes } }: { token: ConsoleToken }) {
  return (
    <span className="inline-flex max-w-56 items-baseline gap-2 truncate" title={scopes.join(", ")}>
      {role}
      {scopes.length > 0 && (
        <span className="text-muted-foreground">
          {scopes.length === 1 ? scopes[0] : `${scopes.length} of its permissions`}
        </span>
      )}
    </span>
  );
}

export function LastUsed({ token: { lastUsedAt, lastUsedAddress } }: { token: ConsoleToken }) {
  if (lastUsedAt === null) {
    return <Absent text="never used" />;
  }
  return (
    <span className="inline-flex flex-wrap items-baseline gap-x-2">
      <Time value={lastUsedAt} />
      {lastUsedAddress !== null && <span className="font-mono text-xs text-muted-foreground">{lastUsedAddress}</span>}
    </span>
  );
}

/** Of those chosen: what would end, and what has ended already. */
export function splitChosen(tokens: readonly ConsoleToken[], ids: ReadonlySet<string>) {
  const chosen = tokens.filter(({ id }) => ids.has(id));
  return { live: chosen.filter(isLive), ended: chosen.filter((token) => !isLive(token)) };
}
