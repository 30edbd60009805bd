"use client";

import { TriangleAlertIcon } from "lucide-react";
import { httpStatusOf, requestIdOf, type CallError } from "#components/trpc/query-client.ts";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";

interface ErrorStateProps {
  /** "The tokens could not be read" */
  title: string;
  error: CallError;
  busy: boolean;
  onRetry: () => void;
}

/** A failed read: what failed, why, under which id the log has it, and a way to try again. */
export function ErrorState({ title, error, busy, onRetry }: ErrorStateProps) {
  const requestId = requestIdOf(error);
  const unanswered = httpStatusOf(error) === null;
  return (
    <Alert variant="destructive" role="alert" className="flex-wrap">
      <TriangleAlertIcon aria-hidden />
      <div className="min-w-0 flex-1 basis-48">
        <p className="font-medium">{title}</p>
        <p className="break-words text-muted-foreground">
          {unanswered ? "The gateway does not answer. Check that it is running." : error.message}
        </p>
        {requestId !== null && (
          <p className="font-mono text-xs break-all text-muted-foreground">
            <span className="sr-only">Request </span>
            {requestId}
          </p>
        )}
      </div>
      <Button variant="outline" size="sm" disabled={busy} onClick={onRetry}>
        Try again
      </Button>
    </Alert>
  );
}
