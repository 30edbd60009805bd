"use client";

import { parseAsBoolean, parseAsInteger, parseAsString, useQueryState, useQueryStates } from "nuqs";

const push = { history: "push" } as const;

/** The search, as the address holds it: `?q=…&from=…&to=…`. Each change is an entry in the history. */
export function useQuestion() {
  const [{ q, from, to }, set] = useQueryStates(
    { q: parseAsString.withDefault(""), from: parseAsString, to: parseAsString },
    push,
  );
  return {
    question: { q, ...(from === null ? {} : { from }), ...(to === null ? {} : { to }) },
    ask: (next: { q?: string; from?: string | null; to?: string | null }) => void set(next),
  };
}

/** The opened row (`?row=…`). */
export const useOpenSeq = () => useQueryState("row", parseAsInteger.withOptions(push));

/** Whether new events come in by themselves (`?live=true`). */
export const useLive = () => useQueryState("live", parseAsBoolean.withDefault(false));
