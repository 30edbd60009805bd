"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { OutcomeBadge } from "#components/audit/outcome-badge.tsx";
import type { Asked } from "#components/audit/quick-filters.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { JsonView } from "#components/ui/json-view.tsx";
import { Sheet, SheetBody, SheetContent, SheetDescription, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { Time } from "#components/ui/time.tsx";
import type { AuditDetail, AuditRow } from "#server/audit/console/schema.ts";

interface DetailPanelProps {
  seq: number;
  question: Asked;
  onClose: () => void;
  onOpen: (seq: number) => void;
  onSearch: (q: string) => void;
}

/** One event: what happened, why, which rule decided, what belongs to the same request, and the event as it was recorded. */
export function DetailPanel({ seq, question, onClose, onOpen, onSearch }: DetailPanelProps) {
  const trpc = useTRPC();
  const { data, error, refetch, isFetching } = useQuery(
    trpc.audit.row.queryOptions({ ...question, seq }, { staleTime: 60_000 }),
  );
  return (
    <Sheet open onOpenChange={(open) => !open && onClose()}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle>{data?.row.title ?? `Event ${seq}`}</SheetTitle>
          <SheetDescription>{data?.row.sentence ?? "Reading the event from the record."}</SheetDescription>
        </SheetHeader>
        <SheetBody>
          {error !== null && (
            <ErrorState
              title="The event could not be read"
              error={error}
              busy={isFetching}
              onRetry={() => void refetch()}
            />
          )}
          {data === undefined && error === null && <Skeleton className="h-64" />}
          {data !== undefined && <Detail detail={data} onOpen={onOpen} onSearch={onSearch} />}
        </SheetBody>
      </SheetContent>
    </Sheet>
  );
}

type DetailProps = Pick<DetailPanelProps, "onOpen" | "onSearch"> & { detail: AuditDetail };

function Detail({ detail, onOpen, onSearch }: DetailProps) {
  const { row, entry, hash, meaning, reason, because, rule, links, simulate, group } = detail;
  return (
    <>
      <section aria-labelledby="audit-why" className="flex flex-col gap-2">
        <h3 id="audit-why" className="font-medium">
          Why
        </h3>
        <p>{reason === null ? meaning : `Because ${reason}.`}</p>
        {because !== null && (
          <p>
            Decided by{" "}
            {rule === null ? (
              <span className="font-mono text-xs">{because}</span>
            ) : (
              <Link href={rule.href} className="font-mono text-xs text-primary underline underline-offset-4">
                {rule.label}
              </Link>
            )}
          </p>
        )}
        {simulate !== null && (
          <Button asChild variant="outline" size="sm" className="w-fit">
            <Link href={simulate}>Explain with the rules of now</Link>
          </Button>
        )}
      </section>
      <DescriptionList>
        <DescriptionItem name="When" mono>
          <Time value={new Date(row.at)} exact />
        </DescriptionItem>
        <DescriptionItem name="Outcome">
          <OutcomeBadge outcome={row.outcome} severity={row.severity} />
        </DescriptionItem>
        <DescriptionItem name="Event" mono>
          {row.event}
        </DescriptionItem>
        {links.map(({ label, href }) => (
          <DescriptionItem key={href} name={label.split(" ")[0] ?? ""} mono>
            <Link href={href} className="text-primary underline underline-offset-4">
              {label.split(" ").slice(1).join(" ")}
            </Link>
          </DescriptionItem>
        ))}
        <DescriptionItem name="Row" mono>
          {row.seq}
        </DescriptionItem>
        <DescriptionItem name="Hash" mono>
          {hash}
        </DescriptionItem>
      </DescriptionList>
      {group.rows.length > 1 && (
        <section aria-labelledby="audit-group" className="flex flex-col gap-2">
          <h3 id="audit-group" className="font-medium">
            The same request from beginning to end
          </h3>
          <ol className="flex flex-col border-l">
            {group.rows.map((other) => (
              <GroupRow key={other.seq} row={other} current={other.seq === row.seq} onOpen={onOpen} />
            ))}
          </ol>
          {group.more && <p className="text-muted-foreground">There are more; search for all of them.</p>}
          <Button
            variant="outline"
            size="sm"
            className="w-fit"
            onClick={() => onSearch(`correlation:${group.id ?? ""}`)}
          >
            Search for this request
          </Button>
        </section>
      )}
      <section aria-labelledby="audit-json" className="flex flex-col gap-2">
        <h3 id="audit-json" className="font-medium">
          As recorded
        </h3>
        <JsonView value={entry} label="Event" />
      </section>
    </>
  );
}

function GroupRow({ row, current, onOpen }: { row: AuditRow; current: boolean; onOpen: (seq: number) => void }) {
  return (
    <li aria-current={current ? "step" : undefined} className="aria-[current]:bg-muted">
      <button
        type="button"
        disabled={current}
        onClick={() => onOpen(row.seq)}
        className="flex min-h-8 w-full flex-wrap items-baseline gap-x-3 px-3 py-1 text-left enabled:cursor-pointer enabled:hover:bg-muted"
      >
        <span className="font-mono text-xs text-muted-foreground">{row.at.slice(11, 23)}</span>
        <span className="min-w-0 basis-40 grow">{row.sentence}</span>
      </button>
    </li>
  );
}
