"use client";

import { parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useMemo } from "react";
import { pagesParser } from "#components/shared/url-state.ts";

export const STATES = ["queued", "running", "succeeded", "failed", "cancelled"] as const;
export const LANGUAGES = ["python", "node", "sh", "agent"] as const;
/** As an input for date and time gives it. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;

const PARSERS = {
  state: parseAsStringLiteral(STATES),
  language: parseAsStringLiteral(LANGUAGES),
  user: parseAsString,
  channel: parseAsString,
  profile: parseAsString,
  agent: parseAsString,
  /** Minutes in UTC. */
  from: parseAsString,
  to: parseAsString,
  pages: pagesParser,
};

export type RunFilterName = Exclude<keyof typeof PARSERS, "pages">;

/** What is asked of the list, kept in the address. */
export function useRunFilters() {
  const [values, setValues] = useQueryStates(PARSERS, { history: "push" });
  const { state, language, user, channel, profile, agent, from, to, pages } = values;
  const cursor = pages.at(-1);
  const input = useMemo(() => {
    const [since, until] = [momentOf(from), momentOf(to)];
    return {
      ...(state === null ? {} : { state }),
      ...(language === null ? {} : { language }),
      ...(user === null ? {} : { user }),
      ...(channel === null ? {} : { channel }),
      ...(profile === null ? {} : { profile }),
      ...(agent === null ? {} : { agent }),
      ...(since === null ? {} : { since }),
      ...(until === null ? {} : { until }),
      ...(cursor === undefined ? {} : { cursor }),
    };
  }, [state, language, user, channel, profile, agent, from, to, cursor]);

  return {
    values,
    input,
    pages,
    isFiltered: [state, language, user, channel, profile, agent, from, to].some((value) => value !== null),
    /** Empty text takes a filter away. The list begins again at its newest. */
    setFilters: (changes: Partial<Record<RunFilterName, string>>) => {
      const cleaned = Object.fromEntries(
        Object.entries(changes).map(([name, value]) => [name, value.trim() === "" ? null : value.trim()]),
      );
      void setValues({ ...cleaned, pages: null });
    },
    clear: () => void setValues(null),
    setPages: (next: readonly string[]) => void setValues({ pages: next.length === 0 ? null : [...next] }),
  };
}

function momentOf(text: string | null): Date | null {
  return text !== null && MOMENT.test(text) ? new Date(`${text}:00Z`) : null;
}
