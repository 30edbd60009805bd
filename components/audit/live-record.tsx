"use client";

import { ScrollTextIcon } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import type { Asked } from "#components/audit/quick-filters.tsx";
import { createRecordPages } from "#components/audit/record-pages.ts";
import { RecordTable } from "#components/audit/record-table.tsx";
import { useTRPCClient } from "#components/trpc/provider.tsx";
import { EmptyState, FilteredEmptyState } from "#components/ui/empty-state.tsx";
import type { AuditPage } from "#server/audit/console/schema.ts";
import { PAGE_ROWS } from "#server/audit/policy.ts";

interface LiveRecordProps {
  question: Asked;
  /** The newest page; while following live, the newest one as it is now. */
  first: AuditPage;
  total: number | undefined;
  live: boolean;
  openSeq: number | null;
  onOpen: (seq: number) => void;
  onClear: () => void;
}

/** The table of a search, with what comes in while it is followed. */
export function LiveRecord({ question, first, total, live, openSeq, onOpen, onClear }: LiveRecordProps) {
  const client = useTRPCClient();
  const [pages] = useState(() =>
    createRecordPages(first, (before) => client.audit.page.query({ ...question, before, limit: PAGE_ROWS })),
  );
  const { slots, complete, said } = useSyncExternalStore(pages.subscribe, pages.read, pages.read);

  useEffect(() => {
    if (live) {
      pages.addNews(first);
    }
  }, [first, live, pages]);

  useEffect(() => {
    // A search whose first pages are empty goes on until it finds something or has seen everything.
    if (slots.length === 0 && !complete) {
      pages.loadOlder();
    }
  }, [slots.length, complete, pages]);

  const narrowed = question.q !== "" || question.from !== undefined || question.to !== undefined;
  return (
    <>
      <p role="status" className="sr-only">
        {said}
      </p>
      {slots.length === 0 && complete ? (
        narrowed ? (
          <FilteredEmptyState noun="events" onClear={onClear} />
        ) : (
          <EmptyState icon={ScrollTextIcon} title="Nothing is on record yet">
            Every message, decision, run and change appears here by itself. Send the first message to the API.
          </EmptyState>
        )
      ) : (
        <RecordTable pages={pages} total={total} openSeq={openSeq} onOpen={onOpen} />
      )}
    </>
  );
}
