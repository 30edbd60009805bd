"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { BoxIcon } from "lucide-react";
import { EnginePanel } from "#components/runs/engine-panel.tsx";
import { RunFilters } from "#components/runs/run-filters.tsx";
import { RunTable } from "#components/runs/run-table.tsx";
import { useRunFilters } from "#components/runs/use-run-filters.ts";
import { CommandLine } from "#components/shared/command-line.tsx";
import { PagedList } from "#components/shared/paged-list.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { useCan } from "#components/trpc/use-viewer.ts";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Section } from "#components/ui/section.tsx";

const REFRESH_MS = 2_000;

/** Everything that ran, waits or runs now. The page is refreshed by itself while it is in view. */
export function RunsScreen() {
  const trpc = useTRPC();
  const can = useCan();
  const filters = useRunFilters();
  const list = useQuery(
    trpc.runs.list.queryOptions(filters.input, { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData }),
  );
  const { data } = list;
  return (
    <>
      <PageHeader
        title="Runs"
        description={
          data?.ownOnly === true
            ? "What ran in the sandbox for your own tokens, newest first."
            : "Code and questions that ran in the sandbox, newest first."
        }
      />
      {can("runs:read_all") && <EnginePanel />}
      <Section title="All runs">
        <RunFilters filters={filters} />
        <PagedList
          noun="runs"
          list={list}
          rows={data?.runs}
          next={data?.nextCursor}
          filters={filters}
          empty={<NoRuns />}
        >
          {(runs) => data !== undefined && <RunTable runs={runs} now={data.at} />}
        </PagedList>
      </Section>
    </>
  );
}

function NoRuns() {
  return (
    <EmptyState icon={BoxIcon} title="No code has run yet">
      <p>
        A run is one piece of code, or one question to an agent, in its own locked-down container. Start one like this:
      </p>
      <div className="mt-3 text-left">
        <CommandLine command={FIRST_RUN} />
      </div>
    </EmptyState>
  );
}

const FIRST_RUN = [
  'curl -sS "$OPENCLAW_URL/api/v1/messages" \\',
  `  -H "Authorization: Bearer $OPENCLAW_TOKEN" -H 'Content-Type: application/json' \\`,
  `  -d '{"channel":"api","user":"user123","text":"/run python\\nprint(6*7)"}'`,
].join("\n");
