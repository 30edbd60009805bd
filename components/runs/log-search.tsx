"use client";

import { ChevronDownIcon, ChevronUpIcon } from "lucide-react";
import { Button } from "#components/ui/button.tsx";
import { Input } from "#components/ui/input.tsx";

interface LogSearchProps {
  wanted: string;
  onWanted: (wanted: string) => void;
  /** Lines that hold it, and which of them is shown, from 0. */
  found: number;
  current: number;
  onGoTo: (match: number) => void;
}

/** Enter goes to the next line that holds the text, Shift+Enter to the one before. */
export function LogSearch({ wanted, onWanted, found, current, onGoTo }: LogSearchProps) {
  return (
    <div role="search" className="flex min-w-0 flex-wrap items-center gap-1">
      <Input
        type="search"
        aria-label="Search the log"
        placeholder="Search the log"
        value={wanted}
        maxLength={200}
        onChange={(event) => onWanted(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && found > 0) {
            event.preventDefault();
            onGoTo(current + (event.shiftKey ? -1 : 1));
          }
        }}
        className="h-8 w-44"
      />
      <Button
        variant="ghost"
        size="icon"
        aria-label="Previous match"
        title="Previous match"
        disabled={found === 0}
        onClick={() => onGoTo(current - 1)}
      >
        <ChevronUpIcon aria-hidden />
      </Button>
      <Button
        variant="ghost"
        size="icon"
        aria-label="Next match"
        title="Next match"
        disabled={found === 0}
        onClick={() => onGoTo(current + 1)}
      >
        <ChevronDownIcon aria-hidden />
      </Button>
      <span role="status" className="text-muted-foreground tabular-nums">
        {wanted === "" ? "" : found === 0 ? "Not found" : `${current + 1} of ${found.toLocaleString("en")} lines`}
      </span>
    </div>
  );
}
