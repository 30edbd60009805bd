"use client";

import { keepPreviousData, skipToken, useQuery } from "@tanstack/react-query";
import { CircleCheckIcon, ShieldXIcon } from "lucide-react";
import { parseAsString, useQueryStates } from "nuqs";
import { useState, type SubmitEvent } from "react";
import { skipText, subjectText, UsedMeter, windowText } from "#components/limits/counter-parts.tsx";
import { errorsByField } from "#components/shared/error-text.ts";
import { useTRPC } from "#components/trpc/provider.tsx";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";
import { DataTable } from "#components/ui/data-table.tsx";
import { ErrorState } from "#components/ui/error-state.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { TableSkeleton } from "#components/ui/table-skeleton.tsx";
import type { LimitExplanation } from "#server/limits/schema.ts";

const REFRESH_MS = 3_000;
const text = parseAsString.withDefault("");

/** Which limits a message would count against, and which would refuse it first. Nothing is sent and no place is taken. */
export function ExplainTab() {
  const trpc = useTRPC();
  const [asked, setAsked] = useQueryStates(
    { user: text, token: text, role: text, channel: text, command: text },
    { history: "push" },
  );
  const { user, token, role, channel, command } = asked;
  const named = user !== "" || token !== "" || role !== "";
  const { data, error, isFetching, refetch } = useQuery(
    trpc.limits.explain.queryOptions(
      named && command !== ""
        ? {
            user: user === "" ? undefined : user,
            token: token === "" ? undefined : token,
            role: role === "" ? undefined : role,
            channel: channel === "" ? "api" : channel,
            command,
          }
        : skipToken,
      { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData },
    ),
  );
  return (
    <div className="flex flex-col gap-6">
      <QuestionForm
        key={JSON.stringify(asked)}
        asked={asked}
        errors={errorsByField(error)}
        onAsk={(next) => void setAsked(next)}
      />
      {error !== null && (
        <ErrorState
          title="The limits could not be told"
          error={error}
          busy={isFetching}
          onRetry={() => void refetch()}
        />
      )}
      {data === undefined && error === null && named && command !== "" && (
        <TableSkeleton label="Loading limits" rows={4} />
      )}
      {data !== undefined && error === null && <Answer answer={data} />}
    </div>
  );
}

interface Question {
  user: string;
  token: string;
  role: string;
  channel: string;
  command: string;
}

interface QuestionFormProps {
  asked: Question;
  errors: Readonly<Record<string, string>>;
  onAsk: (question: Question) => void;
}

function QuestionForm({ asked, errors, onAsk }: QuestionFormProps) {
  const [draft, setDraft] = useState<Question>({
    ...asked,
    channel: asked.channel === "" ? "api" : asked.channel,
    command: asked.command === "" ? "ask" : asked.command,
  });
  const [missing, setMissing] = useState(false);
  const field = (name: keyof Question, label: string, hint: string, optional: boolean) => (
    <Field
      label={label}
      hint={hint}
      optional={optional}
      error={name === "user" && missing ? "Name a user, a token or a role." : errors[name]}
    >
      <Input
        name={name}
        autoComplete="off"
        spellCheck={false}
        maxLength={200}
        value={draft[name]}
        onChange={(event) => setDraft({ ...draft, [name]: event.target.value })}
      />
    </Field>
  );
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event: SubmitEvent<HTMLFormElement>) => {
        event.preventDefault();
        const question = {
          user: draft.user.trim(),
          token: draft.token.trim(),
          role: draft.role.trim(),
          channel: draft.channel.trim(),
          command: draft.command.trim().replace(/^\//, ""),
        };
        const nobody = question.user === "" && question.token === "" && question.role === "";
        setMissing(nobody);
        if (!nobody) {
          onAsk(question);
        }
      }}
    >
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
        {field("user", "User", "The end user whose message it is.", true)}
        {field("token", "Token id", "The token that would send it.", true)}
        {field("role", "Role", "Instead of a token: anybody with this role.", true)}
        {field("channel", "Channel", "Where it comes from; the API is “api”.", false)}
        {field("command", "Command", "Plain text is “ask”, code is “run”.", false)}
      </div>
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit">Show limits</Button>
        <p className="text-muted-foreground">A dry run: nothing is sent and no place is taken.</p>
      </div>
    </form>
  );
}

function Answer({ answer: { refusal, rules, first, subject, sender, role } }: { answer: LimitExplanation }) {
  if (refusal !== null) {
    return (
      <Alert variant="warning" role="status">
        <ShieldXIcon aria-hidden />
        <div className="min-w-0">
          <p className="font-medium">Refused before any limit counts it</p>
          <p className="break-words">
            {refusal.message} <span className="font-mono text-xs text-muted-foreground">{refusal.because}</span>
          </p>
        </div>
      </Alert>
    );
  }
  const next = rules.find(({ source }) => source === first);
  return (
    <div className="flex flex-col gap-3">
      <Alert variant={next?.remaining === 0 ? "warning" : "info"} role="status">
        {next?.remaining === 0 ? <ShieldXIcon aria-hidden /> : <CircleCheckIcon aria-hidden />}
        <div className="min-w-0">
          <p className="font-medium break-words">{verdictOf(next)}</p>
          <p className="text-muted-foreground">
            Counted for <span className="font-mono text-xs">{subject}</span> with role {role}, sent by {sender}.
          </p>
        </div>
      </Alert>
      {rules.length > 0 && (
        <DataTable
          label="Limits that count this message"
          rows={rules}
          rowKey={({ source }) => source}
          columns={[
            {
              key: "source",
              header: "Rule",
              cell: ({ source }) => (
                <span className="flex flex-wrap items-center gap-2 whitespace-normal">
                  <span className="font-mono text-xs break-all">{source}</span>
                  {source === first && <StatusBadge status="info">Refuses first</StatusBadge>}
                </span>
              ),
            },
            { key: "used", header: "Used", cell: (counter) => <UsedMeter counter={counter} /> },
            { key: "left", header: "Left", align: "right", from: "sm", cell: ({ remaining }) => remaining },
            { key: "window", header: "In any", from: "sm", cell: ({ windowMs }) => windowText(windowMs) },
            { key: "who", header: "Whom it counts", from: "lg", cell: (counter) => subjectText(counter) },
            { key: "skips", header: "Counts", from: "xl", cell: (rule) => skipText(rule) },
          ]}
        />
      )}
    </div>
  );
}

function verdictOf(next: LimitExplanation["rules"][number] | undefined): string {
  if (next === undefined) {
    return "No limit applies to this message.";
  }
  return next.remaining === 0
    ? `It would be refused now by ${next.source}, for another ${Math.ceil(next.retryAfterMs / 1000)} s.`
    : `It would be let through. ${next.source} would be the first to refuse, after ${next.remaining} more.`;
}
