"use client";

import { parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useMemo } from "react";
import { STATES } from "#components/deliveries/states.ts";
import { pagesParser } from "#components/shared/url-state.ts";

const PARSERS = {
  state: parseAsStringLiteral(STATES),
  channel: parseAsString,
  sender: parseAsString,
  pages: pagesParser,
};

/** What is asked of the delivery log, kept in the address. */
export function useDeliveryFilters() {
  const [values, setValues] = useQueryStates(PARSERS, { history: "push" });
  const { state, channel, sender, pages } = values;
  const cursor = pages.at(-1);
  const input = useMemo(
    () => ({
      ...(state === null ? {} : { state }),
      ...(channel === null ? {} : { channel }),
      ...(sender === null ? {} : { sender }),
      ...(cursor === undefined ? {} : { cursor }),
    }),
    [state, channel, sender, cursor],
  );
  return {
    values,
    input,
    pages,
    isFiltered: state !== null || channel !== null || sender !== null,
    setState: (text: string) => void setValues({ state: STATES.find((known) => known === text) ?? null, pages: null }),
    /** Empty text takes a filter away. */
    setTexts: (texts: { channel: string; sender: string }) =>
      void setValues({ channel: texts.channel.trim() || null, sender: texts.sender.trim() || null, pages: null }),
    clear: () => void setValues(null),
    setPages: (next: readonly string[]) => void setValues({ pages: next.length === 0 ? null : [...next] }),
  };
}
