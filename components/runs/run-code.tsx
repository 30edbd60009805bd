"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { CodeBlock } from "#components/ui/code-block.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Section } from "#components/ui/section.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";

/** The program, or the question to an agent. Read from the server only when somebody asks to see it. */
export function RunCode({ runId, isQuestion }: { runId: string; isQuestion: boolean }) {
  const [shown, setShown] = useState(false);
  const what = isQuestion ? "question" : "program";
  return (
    <Section
      title={isQuestion ? "Question" : "Program"}
      actions={
        <Button variant="outline" size="sm" aria-expanded={shown} onClick={() => setShown(!shown)}>
          {shown ? `Hide ${what}` : `Show ${what}`}
        </Button>
      }
    >
      {shown && <Code runId={runId} what={what} />}
    </Section>
  );
}

function Code({ runId, what }: { runId: string; what: string }) {
  const trpc = useTRPC();
  const code = useQuery(trpc.runs.code.queryOptions({ runId }, { staleTime: Infinity, gcTime: 0 }));
  if (code.data !== undefined) {
    return (
      <CodeBlock code={code.data.code} label={what === "program" ? "Program" : "Question"} wrap={what !== "program"} />
    );
  }
  return code.error === null ? (
    <Skeleton className="h-24" />
  ) : (
    <ErrorState
      title={`The ${what} could not be read`}
      error={code.error}
      busy={code.isFetching}
      onRetry={() => void code.refetch()}
    />
  );
}
