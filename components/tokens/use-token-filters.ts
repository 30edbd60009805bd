"use client";

import { parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useState } from "react";
import { searchTermOf, TOKEN_FILTERS, type TokenFilter } from "#server/tokens/policy.ts";

/** Filters and page of the list, kept in the address. Every change of a filter goes back to the first page. */
export function useTokenFilters() {
  const [values, setValues] = useQueryStates({
    q: parseAsString.withDefault(""),
    state: parseAsStringLiteral(TOKEN_FILTERS).withDefault("live"),
    owner: parseAsString.withDefault(""),
    after: parseAsString,
  });
  /** Cursors of the pages before, as far as this visit has seen them. */
  const [visited, setVisited] = useState<(string | null)[]>([]);

  function change(next: { q?: string; state?: TokenFilter; owner?: string }): void {
    setVisited([]);
    void setValues({ ...next, after: null });
  }

  return {
    values,
    isFiltered: values.q !== "" || values.owner !== "" || values.state !== "live",
    // A pasted token leaves only its id in the address.
    search: (text: string) => change({ q: searchTermOf(text) }),
    setState: (state: TokenFilter) => change({ state }),
    setOwner: (owner: string) => change({ owner: owner.trim() }),
    clear: () => change({ q: "", state: "live", owner: "" }),
    older(cursor: string): void {
      setVisited([...visited, values.after]);
      void setValues({ after: cursor }, { history: "push" });
    },
    newer(): void {
      void setValues({ after: visited.at(-1) ?? null }, { history: "push" });
      setVisited(visited.slice(0, -1));
    },
  };
}

export type TokenFilters = ReturnType<typeof useTokenFilters>;
