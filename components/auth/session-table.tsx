"use client";

import { browserName } from "#components/auth/browser-name.ts";
import { Absent } from "#components/ui/absent.tsx";
import { Badge } from "#components/ui/badge.tsx";
import { Button } from "#components/ui/button.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { Time } from "#components/ui/time.tsx";
import type { SessionSummary } from "#server/account/schema.ts";

const METHODS: Readonly<Record<SessionSummary["method"], string>> = {
  invitation: "Invitation",
  password: "Password",
  totp: "Password and code",
  recovery_code: "Password and recovery code",
  passkey: "Passkey",
};

interface SessionTableProps {
  label: string;
  sessions: readonly SessionSummary[];
  busy: boolean;
  /** Left out where the viewer may not end sessions. */
  onEnd?: (session: SessionSummary) => void;
  /** In a side panel: fewer columns. */
  narrow?: boolean;
}

/** Where somebody is signed in. */
export function SessionTable({ label, sessions, busy, onEnd, narrow = false }: SessionTableProps) {
  const columns: readonly DataColumn<SessionSummary>[] = [
    {
      key: "browser",
      header: "Browser",
      cell: ({ userAgent, current }) => (
        <span title={userAgent ?? undefined} className="inline-flex items-center gap-2">
          {browserName(userAgent)}
          {current && <Badge variant="active">This session</Badge>}
        </span>
      ),
    },
    {
      key: "address",
      header: "Address",
      cell: ({ address }) => (address === null ? <Absent /> : <span className="font-mono text-xs">{address}</span>),
    },
    ...(narrow
      ? []
      : [
          {
            key: "method",
            header: "Signed in by",
            from: "lg",
            cell: ({ method }: SessionSummary) => METHODS[method],
          } as const,
          {
            key: "createdAt",
            header: "Started",
            from: "sm",
            cell: ({ createdAt }: SessionSummary) => <Time value={createdAt} />,
          } as const,
        ]),
    { key: "lastSeenAt", header: "Last used", cell: ({ lastSeenAt }) => <Time value={lastSeenAt} /> },
    ...(onEnd === undefined
      ? []
      : [
          {
            key: "actions",
            header: "Actions",
            hiddenHeader: true,
            align: "right",
            cell: (session: SessionSummary) =>
              session.current ? null : (
                <Button
                  variant="ghost"
                  size="sm"
                  disabled={busy}
                  aria-label={`End session of ${browserName(session.userAgent)}`}
                  onClick={() => onEnd(session)}
                >
                  End
                </Button>
              ),
          } as const,
        ]),
  ];
  return <DataTable label={label} columns={columns} rows={sessions} rowKey={({ id }) => id} />;
}
