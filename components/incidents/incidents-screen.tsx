"use client";

import { useQuery } from "@tanstack/react-query";
import { SirenIcon } from "lucide-react";
import dynamic from "next/dynamic";
import { useQueryState } from "nuqs";
import { LocksSection } from "#components/incidents/locks-section.tsx";
import { SeverityBadge } from "#components/incidents/severity-badge.tsx";
import { StopPanel } from "#components/incidents/stop-panel.tsx";
import { useOpenRow, useUrlFlag } from "#components/shared/url-state.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { Button } from "#components/ui/button.tsx";
import { DataTable, type DataColumn } from "#components/ui/data-table.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Section } from "#components/ui/section.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { Contact, IncidentBoard, IncidentSummary } from "#server/incidents/schema.ts";

const IncidentSheet = dynamic(() =>
  import("#components/incidents/incident-sheet.tsx").then((module) => module.IncidentSheet),
);
const OpenIncidentSheet = dynamic(() =>
  import("#components/incidents/open-incident-sheet.tsx").then((module) => module.OpenIncidentSheet),
);
const LockSheet = dynamic(() => import("#components/incidents/lock-sheet.tsx").then((module) => module.LockSheet));

const REFRESH_MS = 3_000;

const COLUMNS: readonly DataColumn<IncidentSummary>[] = [
  { key: "title", header: "Title", cell: ({ title, drill }) => (drill ? `Drill: ${title}` : title) },
  { key: "severity", header: "Severity", cell: ({ severity }) => <SeverityBadge severity={severity} /> },
  {
    key: "state",
    header: "State",
    cell: ({ closedAt }) =>
      closedAt === null ? (
        <StatusBadge status="busy">Open</StatusBadge>
      ) : (
        <StatusBadge status="none">Closed</StatusBadge>
      ),
  },
  { key: "openedAt", header: "Opened", from: "sm", cell: ({ openedAt }) => <Time value={openedAt} /> },
  { key: "commander", header: "Led by", from: "lg", cell: ({ commander }) => commander },
];

const CONTACT_COLUMNS: readonly DataColumn<Contact>[] = [
  { key: "name", header: "Name", cell: ({ name }) => name },
  { key: "role", header: "Role", cell: ({ role }) => role },
  { key: "phone", header: "Phone", cell: ({ phone }) => phone ?? "" },
  { key: "email", header: "E-mail", from: "sm", cell: ({ email }) => email ?? "" },
];

/** The red button, locks, and what is written down while something happens. */
export function IncidentsScreen() {
  const trpc = useTRPC();
  const can = useCan();
  const mayManage = can("incidents:manage");
  const [openId, setOpenId] = useOpenRow();
  const [isNew, setNew] = useUrlFlag("new");
  const [locking, setLocking] = useQueryState("lock", { history: "push" });
  const board = useQuery(trpc.incidents.board.queryOptions(undefined, { refetchInterval: REFRESH_MS }));
  const incidentId = board.data?.open.find(({ drill }) => !drill)?.id ?? null;
  return (
    <div className="flex flex-col gap-6">
      <PageHeader
        title="Incidents"
        description="Shut out whoever should not be in, stop everything, and keep the story of it."
        actions={
          mayManage && (
            <>
              <Button variant="outline" onClick={() => setNew(true)}>
                Open incident
              </Button>
              <Button onClick={() => void setLocking("")}>Lock…</Button>
            </>
          )
        }
      />
      {board.error !== null && (
        <ErrorState
          title="Incidents could not be read"
          error={board.error}
          busy={board.isFetching}
          onRetry={() => void board.refetch()}
        />
      )}
      {board.isPending && <TableSkeleton label="Loading incidents" rows={3} />}
      {board.data !== undefined && (
        <Board board={board.data} mayManage={mayManage} openId={openId} onOpen={(id) => void setOpenId(id)} />
      )}
      {openId !== null && (
        <IncidentSheet key={openId} id={openId} mayManage={mayManage} onClose={() => void setOpenId(null)} />
      )}
      {mayManage && isNew && <OpenIncidentSheet onClose={() => setNew(false)} />}
      {mayManage && locking !== null && (
        <LockSheet key={locking} asked={locking} incidentId={incidentId} onClose={() => void setLocking(null)} />
      )}
    </div>
  );
}

interface BoardProps {
  board: IncidentBoard;
  mayManage: boolean;
  openId: string | null;
  onOpen: (id: string) => void;
}

function Board({ board: { locks, drills, open, history, contacts }, mayManage, openId, onOpen }: BoardProps) {
  const stopped = locks.find(({ kind }) => kind === "everything") ?? null;
  const incidents = [...open, ...history];
  const incidentId = open.find(({ drill }) => !drill)?.id ?? null;
  return (
    <>
      <StopPanel stopped={stopped} incidentId={incidentId} mayManage={mayManage} />
      <LocksSection title="Locks" locks={locks} mayManage={mayManage} />
      {drills.length > 0 && <LocksSection title="Drills" locks={drills} mayManage={mayManage} />}
      <Section title="Incidents">
        {incidents.length === 0 ? (
          <div className="rounded-lg border bg-card">
            <EmptyState icon={SirenIcon} title="No incident yet">
              Open one when something is wrong: it gathers what the audit log says, what you note and what was locked,
              and makes the report of it. Practise with a drill.
            </EmptyState>
          </div>
        ) : (
          <DataTable
            label="List of incidents"
            columns={COLUMNS}
            rows={incidents}
            rowKey={({ id }) => id}
            onOpen={({ id }) => onOpen(id)}
            openKey={openId}
          />
        )}
      </Section>
      <Section
        title="Contacts"
        description="Whom to call. They stand under security.incident.contacts of the configuration."
      >
        {contacts.length === 0 ? (
          <p className="text-muted-foreground">None are written down. Do it before you need them.</p>
        ) : (
          <DataTable
            label="List of contacts"
            columns={CONTACT_COLUMNS}
            rows={contacts}
            rowKey={({ name, role }) => `${name} ${role}`}
          />
        )}
      </Section>
    </>
  );
}
