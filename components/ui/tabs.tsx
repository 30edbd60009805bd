"use client";

import { useId, type KeyboardEvent, type ReactNode } from "react";
import { cn } from "#components/shared/cn.ts";

interface Tab<Value extends string> {
  value: Value;
  label: ReactNode;
  content: ReactNode;
}

interface TabsProps<Value extends string> {
  /** Names the list of tabs. */
  label: string;
  tabs: readonly Tab<Value>[];
  value: Value;
  /** Keep the value in the address (`useUrlTab`), so that the back button works. */
  onValueChange: (value: Value) => void;
  className?: string;
}

const MOVES: Readonly<Record<string, (index: number, count: number) => number>> = {
  ArrowRight: (index, count) => (index + 1) % count,
  ArrowLeft: (index, count) => (index - 1 + count) % count,
  Home: () => 0,
  End: (_index, count) => count - 1,
};

/** Tabs by the ARIA pattern: arrow keys move and select. Written here because Radix' panels carry a style attribute, which the page policy blocks. */
export function Tabs<Value extends string>({ label, tabs, value, onValueChange, className }: TabsProps<Value>) {
  const id = useId();
  const tabId = (of: Value) => `${id}-tab-${of}`;

  function move(event: KeyboardEvent) {
    const index = tabs.findIndex((tab) => tab.value === value);
    const next = tabs[MOVES[event.key]?.(index, tabs.length) ?? -1];
    if (next !== undefined) {
      event.preventDefault();
      onValueChange(next.value);
      document.getElementById(tabId(next.value))?.focus();
    }
  }

  return (
    <div data-slot="tabs" className={cn("flex min-w-0 flex-col gap-4", className)}>
      <div role="tablist" aria-label={label} onKeyDown={move} className="flex gap-1 overflow-x-auto border-b">
        {tabs.map((tab) => (
          <button
            key={tab.value}
            type="button"
            role="tab"
            id={tabId(tab.value)}
            aria-selected={tab.value === value}
            aria-controls={`${id}-panel`}
            tabIndex={tab.value === value ? 0 : -1}
            onClick={() => onValueChange(tab.value)}
            className="-mb-px h-9 cursor-pointer border-b-2 border-transparent px-3 whitespace-nowrap text-muted-foreground -outline-offset-2 hover:text-foreground aria-selected:border-primary aria-selected:font-medium aria-selected:text-foreground"
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={tabId(value)} tabIndex={0} className="min-w-0">
        {tabs.find((tab) => tab.value === value)?.content}
      </div>
    </div>
  );
}
