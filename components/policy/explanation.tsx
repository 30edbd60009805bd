"use client";

import { CircleCheckIcon, CircleXIcon } from "lucide-react";
import Link from "next/link";
import { becauseHref } from "#server/access/addresses.ts";
import { windowText } from "#components/users/restriction.ts";
import { Absent } from "#components/ui/absent.tsx";
import { DescriptionItem, DescriptionList } from "#components/ui/description-list.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import type { LocatedAnswer } from "#server/gateway/schema.ts";

interface ExplanationProps {
  answer: LocatedAnswer;
  /** The question in words: `/run on slack for ana`. */
  question: string;
  /** Without the list of checks and rights, beside a form. */
  brief?: boolean;
}

/** The policy's answer: the decision and the rule that made it, every check in order, and what the sender can do in all. */
export function Explanation({ answer, question, brief = false }: ExplanationProps) {
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <div role="status" className="flex min-w-0 flex-col gap-1">
        <p className="flex flex-wrap items-center gap-2">
          <StatusBadge status={answer.allow ? "ok" : "denied"}>{answer.allow ? "Allowed" : "Denied"}</StatusBadge>
          <span className="min-w-0 font-mono text-xs break-words">{question}</span>
        </p>
        <p className="break-words">{answer.message}</p>
        <p className="break-words text-muted-foreground">
          Decided by <Because because={answer.because} />
          {answer.file !== null && <span className="font-mono text-xs break-all"> ({answer.file})</span>}
          {answer.sender !== null && `, for ${answer.sender}`}.
        </p>
      </div>
      {!brief && answer.trace.length > 0 && <Checks trace={answer.trace} />}
      {!brief && answer.sender !== null && <Rights answer={answer} />}
    </div>
  );
}

function Because({ because }: { because: string }) {
  const href = becauseHref(because);
  return href === null ? (
    <span className="font-mono text-xs break-all">{because}</span>
  ) : (
    <Link href={href} className="font-mono text-xs break-all text-primary underline underline-offset-4">
      {because}
    </Link>
  );
}

function Checks({ trace }: Pick<LocatedAnswer, "trace">) {
  return (
    <section aria-label="Checks" className="flex flex-col gap-2">
      <h3 className="font-medium">Checks, in the order in which the gateway makes them</h3>
      <ol className="flex flex-col divide-y rounded-lg border">
        {trace.map(({ check, passed, because, message }) => (
          <li key={`${check} ${because}`} className="flex min-w-0 gap-3 px-3 py-2">
            {passed ? (
              <CircleCheckIcon aria-hidden className="mt-0.5 size-4 shrink-0 text-success" />
            ) : (
              <CircleXIcon aria-hidden className="mt-0.5 size-4 shrink-0 text-destructive" />
            )}
            <div className="min-w-0">
              <p className="break-words">
                <span className="font-medium">{passed ? "Passed" : "Refused"}:</span> {check}
              </p>
              <p className="break-words text-muted-foreground">
                {message} <Because because={because} />
              </p>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Rights({ answer: { effective, limits } }: { answer: LocatedAnswer }) {
  return (
    <section aria-label="Effective rights" className="flex flex-col gap-2">
      <h3 className="font-medium">What this sender can do in all</h3>
      <DescriptionList>
        <DescriptionItem name="Commands here">{names(effective.commands.map((name) => `/${name}`))}</DescriptionItem>
        <DescriptionItem name="Channels">
          {effective.channels.includes("*") ? "Every channel" : names(effective.channels)}
        </DescriptionItem>
        <DescriptionItem name="Permissions">{names(effective.permissions)}</DescriptionItem>
        <DescriptionItem name="Limits that count it">
          {names(limits.map(({ rule, max, windowMs }) => `${max} in ${windowText(windowMs)} (${rule})`))}
        </DescriptionItem>
      </DescriptionList>
    </section>
  );
}

const names = (list: readonly string[]) => (list.length === 0 ? <Absent /> : list.join(", "));
