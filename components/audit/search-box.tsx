"use client";

import { SearchIcon } from "lucide-react";
import { useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { completionsAt, type Completion } from "#components/audit/complete.ts";
import { Button } from "#components/ui/button.tsx";
import { Input } from "#components/ui/input.tsx";
import { readQuery, type Qualifier } from "#server/audit/policy.ts";

interface SearchBoxProps {
  /** What is searched for now. Give it as `key` too, so that the box follows the address. */
  q: string;
  /** Values found in the record. */
  found: (qualifier: Qualifier) => readonly string[];
  onSearch: (q: string) => void;
}

/** Whether a text is well-formed does not depend on when it is read. */
const ANY_TIME = 0;

/** One line for everything: qualifiers and values are suggested while typing, what is wrong is said with what could stand there. */
export function SearchBox({ q, found, onSearch }: SearchBoxProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(q);
  const [caret, setCaret] = useState(q.length);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const options = useMemo(() => completionsAt(text, caret, found), [text, caret, found]);
  const problems = useMemo(() => readQuery(text, ANY_TIME).problems, [text]);
  const shown = open && options.length > 0;
  const told = !open && problems.length > 0;

  function choose(option: Completion): void {
    setText(option.text);
    setCaret(option.caret);
    setActive(-1);
    input.current?.focus();
    requestAnimationFrame(() => input.current?.setSelectionRange(option.caret, option.caret));
  }

  function search(next: string): void {
    setText(next);
    setOpen(false);
    setActive(-1);
    if (readQuery(next, ANY_TIME).problems.length === 0) {
      onSearch(next.trim());
    }
  }

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>): void {
    const option = shown ? options[active] : undefined;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp": {
        event.preventDefault();
        const step = event.key === "ArrowDown" ? 1 : -1;
        setOpen(true);
        setActive((at) =>
          options.length === 0 ? -1 : (Math.max(at, step === 1 ? -1 : 0) + step + options.length) % options.length,
        );
        return;
      }
      case "Escape":
        setOpen(false);
        setActive(-1);
        return;
      case "Tab":
        setOpen(false);
        return;
      case "Enter":
        event.preventDefault();
        if (option === undefined) {
          search(text);
        } else {
          choose(option);
        }
    }
  }

  return (
    <form
      role="search"
      aria-label="Search the record"
      className="relative flex flex-col gap-1.5"
      onSubmit={(event) => {
        event.preventDefault();
        search(text);
      }}
    >
      <div className="flex gap-2">
        <div className="relative min-w-0 grow">
          <SearchIcon
            aria-hidden
            className="pointer-events-none absolute top-2.5 left-3 size-4 text-muted-foreground"
          />
          <Input
            ref={input}
            role="combobox"
            aria-label="Search, for example user:user123 outcome:denied"
            aria-expanded={shown}
            aria-controls={`${id}-options`}
            aria-autocomplete="list"
            aria-activedescendant={shown && active >= 0 ? `${id}-${active}` : undefined}
            aria-invalid={told || undefined}
            aria-describedby={told ? `${id}-problems` : undefined}
            data-shortcut="filter"
            autoComplete="off"
            spellCheck={false}
            maxLength={1000}
            placeholder="user:user123 outcome:denied since:1h"
            value={text}
            className="pl-9 font-mono text-xs"
            onChange={(event) => {
              setText(event.target.value);
              setCaret(event.target.selectionStart ?? event.target.value.length);
              setOpen(true);
              setActive(-1);
            }}
            onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? text.length)}
            onClick={() => setOpen(true)}
            onBlur={() => setOpen(false)}
            onKeyDown={onKeyDown}
          />
          <ul
            id={`${id}-options`}
            role="listbox"
            aria-label="Suggestions"
            hidden={!shown}
            className="absolute inset-x-0 top-full z-20 mt-1 max-h-80 overflow-y-auto rounded-md border bg-card p-1"
          >
            {options.map((option, index) => (
              <li
                key={option.label}
                id={`${id}-${index}`}
                role="option"
                aria-selected={index === active}
                className="flex min-h-7 cursor-pointer items-baseline gap-3 rounded-sm px-2 py-1 hover:bg-muted aria-selected:bg-muted"
                // The input keeps the focus: it must not be lost before the click is heard.
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => choose(option)}
              >
                <span className="font-mono text-xs">{option.label}</span>
                <span className="truncate text-xs text-muted-foreground">{option.hint}</span>
              </li>
            ))}
          </ul>
        </div>
        <Button type="submit">Search</Button>
      </div>
      <div id={`${id}-problems`} role="status">
        {told &&
          problems.map((problem) => (
            <p
              key={`${problem.start} ${problem.message}`}
              className="flex flex-wrap items-center gap-2 text-destructive"
            >
              {problem.message}
              {problem.instead.map((other) => (
                <Button
                  key={other}
                  variant="outline"
                  size="sm"
                  className="font-mono text-xs"
                  onClick={() => search(`${text.slice(0, problem.start)}${other}${text.slice(problem.end)}`)}
                >
                  {other}
                </Button>
              ))}
            </p>
          ))}
      </div>
    </form>
  );
}
