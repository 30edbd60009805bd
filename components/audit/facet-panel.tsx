"use client";

import { CheckIcon } from "lucide-react";
import { hasTerm } from "#components/audit/question-text.ts";
import { isQualifier, type Term } from "#server/audit/policy.ts";
import type { Facets } from "#server/audit/console/schema.ts";

interface FacetPanelProps {
  q: string;
  facets: Facets["facets"];
  onToggle: (term: Term) => void;
}

/** What there is among the events found; a click narrows to it, another one widens again. */
export function FacetPanel({ q, facets, onToggle }: FacetPanelProps) {
  return (
    <div className="flex flex-col gap-4">
      {facets.map(({ qualifier, title, values, more, atLeast }) =>
        isQualifier(qualifier) ? (
          <section key={qualifier} aria-label={title}>
            <h2 className="mb-1 text-xs font-medium text-muted-foreground">{title}</h2>
            <ul>
              {values.map(({ value, label, count }) => (
                <li key={value}>
                  <button
                    type="button"
                    aria-pressed={hasTerm(q, { qualifier, value })}
                    onClick={() => onToggle({ qualifier, value })}
                    title={`${qualifier}:${value}`}
                    className="flex min-h-6 w-full cursor-pointer items-center gap-2 rounded-sm px-1.5 py-0.5 text-left hover:bg-muted aria-pressed:bg-muted aria-pressed:font-medium"
                  >
                    {hasTerm(q, { qualifier, value }) && <CheckIcon aria-hidden className="size-3.5 shrink-0" />}
                    <span className="min-w-0 grow truncate">{label}</span>
                    <span className="text-xs text-muted-foreground tabular-nums">
                      {atLeast && <span className="sr-only">at least </span>}
                      {count.toLocaleString("en")}
                      {atLeast && <span aria-hidden>+</span>}
                    </span>
                  </button>
                </li>
              ))}
            </ul>
            {more && <p className="px-1.5 text-xs text-muted-foreground">and others: type {qualifier}:</p>}
          </section>
        ) : null,
      )}
    </div>
  );
}
