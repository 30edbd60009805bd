"use client";

import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { CallError } from "#components/trpc/query-client.ts";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Sheet, SheetBody, SheetContent, SheetDescription, SheetHeader, SheetTitle } from "#components/ui/sheet.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";

interface DetailSheetProps<Detail> {
  title: string;
  id: string;
  /** "The delivery could not be read" */
  noun: string;
  detail: Pick<UseQueryResult<Detail, CallError>, "data" | "error" | "isFetching" | "refetch">;
  onClose: () => void;
  /** Of the body. */
  className?: string;
  children: (detail: Detail) => ReactNode;
}

/** The panel of one row: what is known of it, once it was read. */
export function DetailSheet<Detail>(props: DetailSheetProps<Detail>) {
  const { title, id, noun, detail, onClose, className, children } = props;
  const { data, error, isFetching, refetch } = detail;
  return (
    <Sheet open onOpenChange={(open) => (open ? undefined : onClose())}>
      <SheetContent>
        <SheetHeader>
          <SheetTitle>{title}</SheetTitle>
          <SheetDescription className="font-mono text-xs">{id}</SheetDescription>
        </SheetHeader>
        <SheetBody className={className}>
          {error !== null && (
            <ErrorState
              title={`The ${noun} could not be read`}
              error={error}
              busy={isFetching}
              onRetry={() => void refetch()}
            />
          )}
          {data === undefined && error === null && <Skeleton className="h-64 shrink-0" />}
          {data !== undefined && children(data)}
        </SheetBody>
      </SheetContent>
    </Sheet>
  );
}
