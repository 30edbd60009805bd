"use client";

/** State that belongs into the address: filters, sorting, page, tab, the opened row. Built on nuqs; use its parsers for more. */
import { parseAsArrayOf, parseAsString, parseAsStringLiteral, useQueryState, useQueryStates } from "nuqs";

/** The key of the row whose panel is open (`?open=…`); null when none is. Opening makes an entry in the history, so "back" closes the panel. */
export function useOpenRow(name = "open") {
  return useQueryState(name, parseAsString.withOptions({ history: "push" }));
}

/** Whether a dialog is open, as a bare parameter (`/tokens?new`). */
export function useUrlFlag(name: string): [boolean, (on: boolean) => void] {
  const [value, setValue] = useQueryState(name, parseAsString.withOptions({ history: "push" }));
  return [value !== null, (on) => void setValue(on ? "" : null)];
}

/** The chosen tab (`?tab=…`), the first one when the address says nothing. */
export function useUrlTab<Value extends string>(values: readonly [Value, ...Value[]], name = "tab") {
  const [value, setValue] = useQueryState(
    name,
    parseAsStringLiteral(values).withDefault(values[0]).withOptions({ history: "push" }),
  );
  return [value, (next: Value) => void setValue(next)] as const;
}

/** Cursors of the pages gone through; the last one is shown. */
export const pagesParser = parseAsArrayOf(parseAsString).withDefault([]);

/** A list that is narrowed by one choice (`?state=…`) and read page by page (`?pages=…`). */
export function useChoiceFilter<Value extends string>(name: string, values: readonly Value[]) {
  const [{ choice, pages }, setValues] = useQueryStates(
    { choice: parseAsStringLiteral(values), pages: pagesParser },
    { history: "push", urlKeys: { choice: name } },
  );
  return {
    choice,
    pages,
    /** For the query: where the page that is shown begins. */
    cursor: pages.at(-1),
    isFiltered: choice !== null,
    /** A text that is none of the values takes the choice away. The list begins again at its newest. */
    choose: (text: string) => void setValues({ choice: values.find((known) => known === text) ?? null, pages: null }),
    clear: () => void setValues(null),
    setPages: (next: readonly string[]) => void setValues({ pages: [...next] }),
  };
}
