"use client";

/** State that belongs into the address: filters, sorting, page, tab, the opened row. Built on nuqs; use its parsers for more. */
import { parseAsString, parseAsStringLiteral, useQueryState } from "nuqs";

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
