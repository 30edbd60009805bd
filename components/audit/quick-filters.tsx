"use client";

import { useState } from "react";
import { withTerm, withoutQualifier } from "#components/audit/question-text.ts";
import { Button } from "#components/ui/button.tsx";
import { Field } from "#components/ui/field.tsx";
import { Input } from "#components/ui/input.tsx";
import { Select } from "#components/ui/select.tsx";

export interface Asked {
  q: string;
  from?: string;
  to?: string;
}

interface QuickFiltersProps {
  question: Asked;
  onAsk: (next: { q?: string; from?: string | null; to?: string | null }) => void;
}

const PRESETS = [
  { name: "Denied in the last hour", q: "outcome:denied since:1h" },
  { name: "Sign-in failures", q: "event:authentication_failure since:24h" },
  { name: "Config changes", q: "kind:config_changes since:7d" },
  { name: "Sandbox escapes", q: "event:sandbox.escape since:30d" },
] as const;

/** Searches that are asked every day, each a link so that it can be opened elsewhere. */
export function Presets({ question, onAsk }: QuickFiltersProps) {
  return (
    <nav aria-label="Ready-made searches" className="flex flex-wrap gap-2">
      {PRESETS.map(({ name, q }) => {
        const current = question.q === q && question.from === undefined && question.to === undefined;
        return (
          <Button key={name} asChild variant="outline" size="sm" className="aria-[current]:border-primary">
            <a
              href={`/audit?q=${encodeURIComponent(q)}`}
              aria-current={current ? "page" : undefined}
              onClick={(event) => {
                if (!event.metaKey && !event.ctrlKey && !event.shiftKey) {
                  event.preventDefault();
                  onAsk({ q, from: null, to: null });
                }
              }}
            >
              {name}
            </a>
          </Button>
        );
      })}
    </nav>
  );
}

const AGES = {
  "15m": "Last 15 minutes",
  "1h": "Last hour",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
} as const;
const AGE_IN = /(?:^|\s)since:(\S+)/;

/** `2026-11-01T08:30` for the browser's own picker; the clock is UTC, as everywhere in the record. */
const written = (iso: string | undefined): string => iso?.slice(0, 16) ?? "";

/** Which stretch of time: one of the usual ones, or from one moment to another. */
export function TimeRange({ question, onAsk }: QuickFiltersProps) {
  const { q, from, to } = question;
  const absolute = from !== undefined || to !== undefined;
  const [chosen, setChosen] = useState(absolute);
  const age = AGE_IN.exec(q)?.[1];
  const known = age !== undefined && age in AGES;
  const value = chosen || absolute ? "absolute" : age === undefined ? "all" : known ? age : "other";
  const set = (name: "from" | "to", text: string): void =>
    onAsk({ [name]: text === "" ? null : new Date(`${text}Z`).toISOString() });
  return (
    <div className="flex flex-wrap items-end gap-2">
      <Select
        aria-label="Time range"
        value={value}
        onChange={(event) => {
          const next = event.target.value;
          setChosen(next === "absolute");
          if (next === "absolute") {
            onAsk({ q: withoutQualifier(q, "since") });
          } else {
            const rest = withoutQualifier(q, "since");
            onAsk({
              q: next === "all" ? rest : withTerm(rest, { qualifier: "since", value: next }),
              from: null,
              to: null,
            });
          }
        }}
      >
        <option value="all">All time</option>
        {Object.entries(AGES).map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
        {value === "other" && <option value="other">{`since:${age ?? ""}`}</option>}
        <option value="absolute">From … to …</option>
      </Select>
      {value === "absolute" && (
        <>
          <Field label="From (UTC)">
            <Input type="datetime-local" value={written(from)} onChange={(event) => set("from", event.target.value)} />
          </Field>
          <Field label="To (UTC)">
            <Input type="datetime-local" value={written(to)} onChange={(event) => set("to", event.target.value)} />
          </Field>
        </>
      )}
    </div>
  );
}
