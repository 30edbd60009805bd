"use client";

import { useQuery } from "@tanstack/react-query";
import { FlaskConicalIcon } from "lucide-react";
import Link from "next/link";
import { parseAsString, useQueryStates } from "nuqs";
import { useState, type SubmitEvent } from "react";
import { Explanation } from "#components/policy/explanation.tsx";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Button } from "#components/ui/button.tsx";
import { Card } from "#components/ui/card.tsx";
import { EmptyState } from "#components/ui/empty-state.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { PageHeader } from "#components/ui/page-header.tsx";
import { Select } from "#components/ui/select.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";

const PLACE = {
  user: parseAsString.withDefault(""),
  role: parseAsString.withDefault(""),
  token: parseAsString.withDefault(""),
  channel: parseAsString.withDefault(""),
  command: parseAsString.withDefault(""),
};
type Asked = Record<keyof typeof PLACE, string>;

/** Would the gateway let this through, and why? The question is in the address, so that a denial on the record can link to its answer. */
export function SimulateScreen() {
  const [asked, ask] = useQueryStates(PLACE, { history: "push" });
  const isAsked = asked.command !== "" && [asked.user, asked.role, asked.token].some((who) => who !== "");
  return (
    <div className="flex flex-col gap-6">
      <PageHeader
        title="Test access"
        description="Ask what the gateway would say to a message, without sending one. The answer comes from the same rules as the live gate, and the question is put on the record."
        actions={
          <Button asChild variant="outline" size="sm">
            <Link href="/roles">All roles</Link>
          </Button>
        }
      />
      <div className="grid items-start gap-6 lg:grid-cols-[22rem_1fr]">
        <QuestionForm key={Object.values(asked).join("\n")} initial={asked} onAsk={(next) => void ask(next)} />
        <Card className="min-w-0 p-4">
          {isAsked ? (
            <Answer asked={asked} />
          ) : (
            <EmptyState icon={FlaskConicalIcon} title="Nothing asked yet">
              Say who sends which command on which channel. A user alone is asked for with their own role.
            </EmptyState>
          )}
        </Card>
      </div>
    </div>
  );
}

function Answer({ asked }: { asked: Asked }) {
  const trpc = useTRPC();
  const { user, role, token, command } = asked;
  const channel = asked.channel === "" ? "api" : asked.channel;
  const question = {
    channel,
    command,
    ...(user === "" ? {} : { user }),
    ...(token !== "" ? { token } : role === "" ? {} : { role }),
  };
  const { data, error, isFetching, refetch } = useQuery(
    // Each answer is put on the record: it is asked for once, not whenever the window is looked at.
    trpc.policy.explain.queryOptions(question, { staleTime: Infinity, refetchOnWindowFocus: false }),
  );
  if (error !== null) {
    const title = "The question could not be answered";
    return <ErrorState title={title} error={error} busy={isFetching} onRetry={() => void refetch()} />;
  }
  return data === undefined ? (
    <div role="status" className="flex flex-col gap-2">
      <span className="sr-only">Asking</span>
      <Skeleton className="h-16" />
      <Skeleton className="h-48" />
    </div>
  ) : (
    <Explanation answer={data} question={inWords({ ...asked, channel })} />
  );
}

function inWords({ user, role, token, channel, command }: Asked): string {
  const who = [
    user === "" ? null : `for ${user}`,
    token !== "" ? `by token ${token}` : role === "" ? null : `by role ${role}`,
  ].filter((part) => part !== null);
  return [`/${command.replace("/", "")} on ${channel}`, ...who].join(" ");
}

function QuestionForm({ initial, onAsk }: { initial: Asked; onAsk: (asked: Asked) => void }) {
  const trpc = useTRPC();
  const { data: choices } = useQuery(trpc.policy.choices.queryOptions());
  const [draft, setDraft] = useState(initial);
  const [isIncomplete, setIncomplete] = useState(false);
  const set = (part: Partial<Asked>) => setDraft({ ...draft, ...part });
  const nobody = draft.user === "" && draft.role === "" && draft.token === "";
  const roles = choices?.roles ?? [];

  function submit(event: SubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const ready = !nobody && draft.command.trim() !== "";
    setIncomplete(!ready);
    if (ready) {
      onAsk(draft);
    }
  }

  return (
    <form onSubmit={submit} noValidate aria-label="Question" className="flex flex-col gap-4">
      <Field
        label="User"
        hint="The end user's immutable id. Leave empty to ask for a role or token itself."
        error={isIncomplete && nobody ? "Name a user, a role or a token." : null}
      >
        <Input
          className="font-mono text-xs"
          value={draft.user}
          onChange={(event) => set({ user: event.target.value.trim() })}
        />
      </Field>
      <Field label="Sent by a bot with role" optional hint="Empty: the user's own role, which takes nothing away.">
        <Select value={draft.role} onChange={(event) => set({ role: event.target.value, token: "" })}>
          <option value="">User&apos;s own role</option>
          {(roles.includes(draft.role) || draft.role === "" ? roles : [draft.role, ...roles]).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      </Field>
      <Field label="Or sent with token" optional hint="The token's id, as in the list of tokens.">
        <Input
          className="font-mono text-xs"
          value={draft.token}
          onChange={(event) => set({ token: event.target.value.trim(), role: "" })}
        />
      </Field>
      <Field label="Channel" hint="Empty: api.">
        <Input
          list="simulate-channels"
          className="font-mono text-xs"
          value={draft.channel}
          onChange={(event) => set({ channel: event.target.value.trim() })}
        />
      </Field>
      <Field
        label="Command"
        hint="Plain text is ask, code is run."
        error={isIncomplete && draft.command.trim() === "" ? "Name a command, such as ask." : null}
      >
        <Input
          list="simulate-commands"
          className="font-mono text-xs"
          value={draft.command}
          onChange={(event) => set({ command: event.target.value.trim() })}
        />
      </Field>
      <datalist id="simulate-channels">
        {choices?.channels.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <datalist id="simulate-commands">
        {choices?.commands.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Button type="submit" className="self-start">
        Test access
      </Button>
    </form>
  );
}
