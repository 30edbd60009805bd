"use client";

import { XIcon } from "lucide-react";
import { useId, useState, type ClipboardEvent, type ComponentProps, type KeyboardEvent } from "react";
import { cn } from "#components/shared/cn.ts";

interface ChipsInputProps extends Omit<ComponentProps<"input">, "value" | "onChange" | "list"> {
  value: readonly string[];
  onValueChange: (value: string[]) => void;
  /** Values to choose from; others can be typed too unless `closed`. */
  suggestions?: readonly string[];
  /** Only suggestions are accepted. */
  closed?: boolean;
  max?: number;
}

/** Several values in one control: type and press Enter or comma, paste a list, remove with the cross or Backspace. */
export function ChipsInput({
  value,
  onValueChange,
  suggestions,
  closed = false,
  max = 100,
  className,
  ...props
}: ChipsInputProps) {
  const [draft, setDraft] = useState("");
  const [notice, setNotice] = useState("");
  const listId = useId();

  function add(text: string): void {
    const words = text.split(/[\s,;]+/).filter((word) => word !== "" && !value.includes(word));
    const accepted = [...new Set(words)].filter((word) => !closed || suggestions?.includes(word) === true);
    const refused = words.filter((word) => !accepted.includes(word));
    if (accepted.length > 0) {
      onValueChange([...value, ...accepted].slice(0, max));
      setNotice(`Added ${accepted.join(", ")}`);
    }
    if (refused.length > 0) {
      setNotice(`${refused.join(", ")} is not one of the choices`);
    }
    setDraft(refused.join(" "));
  }

  function remove(word: string): void {
    onValueChange(value.filter((other) => other !== word));
    setNotice(`Removed ${word}`);
  }

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>): void {
    const last = value.at(-1);
    if ((event.key === "Enter" || event.key === ",") && draft.trim() !== "") {
      event.preventDefault();
      add(draft);
    } else if (event.key === "Backspace" && draft === "" && last !== undefined) {
      remove(last);
    }
  }

  function onPaste(event: ClipboardEvent<HTMLInputElement>): void {
    const text = event.clipboardData.getData("text");
    if (/[\s,;]/.test(text.trim())) {
      event.preventDefault();
      add(text);
    }
  }

  /** A choice from the list arrives as an ordinary change: it is taken at once when it is exactly a suggestion picked, not typed. */
  function onDraft(text: string, picked: boolean): void {
    if (picked && suggestions?.includes(text) === true) {
      add(text);
    } else {
      setDraft(text);
    }
  }

  return (
    <div
      data-slot="chips-input"
      className={cn(
        "flex min-h-9 w-full min-w-0 flex-wrap items-center gap-1 rounded-md border border-input bg-card p-1 focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-ring has-aria-invalid:border-destructive",
        className,
      )}
    >
      {value.map((word) => (
        <span
          key={word}
          className="inline-flex min-h-6 max-w-full items-center rounded-sm border bg-muted pl-2 font-mono text-xs"
        >
          <span className="truncate">{word}</span>
          <button
            type="button"
            aria-label={`Remove ${word}`}
            onClick={() => remove(word)}
            className="inline-flex size-6 shrink-0 cursor-pointer items-center justify-center text-muted-foreground -outline-offset-2 hover:text-foreground"
          >
            <XIcon aria-hidden className="size-3" />
          </button>
        </span>
      ))}
      <input
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        list={suggestions === undefined ? undefined : listId}
        value={draft}
        onChange={(event) => {
          const { inputType } = event.nativeEvent as InputEvent;
          onDraft(event.target.value, inputType === undefined || inputType === "insertReplacementText");
        }}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        onBlur={() => add(draft)}
        className="h-7 min-w-24 grow bg-transparent px-2 outline-none"
        {...props}
      />
      {suggestions !== undefined && (
        <datalist id={listId}>
          {suggestions
            .filter((word) => !value.includes(word))
            .map((word) => (
              <option key={word} value={word} />
            ))}
        </datalist>
      )}
      <span role="status" className="sr-only">
        {notice}
      </span>
    </div>
  );
}
