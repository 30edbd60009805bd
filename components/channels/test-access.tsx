"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useState, type SubmitEvent } from "react";
import { simulateHref } from "#server/access/addresses.ts";
import { Explanation } from "#components/policy/explanation.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";

interface Asked {
  user: string;
  command: string;
}

/** Asks the policy in force about one person on this channel. */
export function TestAccess({ channel }: { channel: string }) {
  const trpc = useTRPC();
  const [draft, setDraft] = useState<Asked>({ user: "", command: "ask" });
  const [asked, setAsked] = useState<Asked | null>(null);
  const question = { channel, user: asked?.user ?? "", command: asked?.command ?? "" };
  const { data, error, isFetching, refetch } = useQuery(
    trpc.policy.explain.queryOptions(question, {
      enabled: asked !== null,
      staleTime: 0,
      refetchOnWindowFocus: false,
    }),
  );

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    if (draft.user === "" || draft.command === "") {
      return;
    }
    if (draft.user === asked?.user && draft.command === asked.command) {
      void refetch();
    } else {
      setAsked(draft);
    }
  }

  return (
    <section aria-labelledby="test-access" className="flex flex-col gap-3 rounded-lg border p-3">
      <div>
        <h3 id="test-access" className="font-medium">
          Test access
        </h3>
        <p className="text-muted-foreground">Asks the rules in force, not changes that are not saved yet.</p>
      </div>
      <form onSubmit={submit} className="grid items-end gap-2 sm:grid-cols-[1fr_8rem_auto]">
        <Field label="User">
          <Input
            required
            className="font-mono text-xs"
            value={draft.user}
            onChange={(event) => setDraft({ ...draft, user: event.target.value.trim() })}
          />
        </Field>
        <Field label="Command">
          <Input
            required
            className="font-mono text-xs"
            value={draft.command}
            onChange={(event) => setDraft({ ...draft, command: event.target.value.trim() })}
          />
        </Field>
        <Button type="submit" variant="outline" disabled={isFetching}>
          Test
        </Button>
      </form>
      {error !== null && (
        <ErrorState
          title="The question could not be answered"
          error={error}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      {data !== undefined && asked !== null && (
        <>
          <Explanation
            brief
            answer={data}
            question={`/${asked.command.replace("/", "")} on ${channel} for ${asked.user}`}
          />
          <Link
            href={simulateHref({ channel, ...asked })}
            className="self-start text-primary underline underline-offset-4"
          >
            Show every check
          </Link>
        </>
      )}
    </section>
  );
}
