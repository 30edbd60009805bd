"use client";

import { useImperativeHandle, useRef, type Ref } from "react";
import { cn } from "#components/shared/cn.ts";

export interface CodeEditorHandle {
  /** Moves the cursor to the beginning of a line, in view. */
  goTo: (line: number) => void;
}

interface CodeEditorProps {
  label: string;
  /** Id of the text that explains the editor. */
  describedBy: string;
  value: string;
  readOnly: boolean;
  /** Lines with a problem. */
  marks: ReadonlyMap<number, "error" | "warning">;
  onChange: (value: string) => void;
  onSave: () => void;
  ref?: Ref<CodeEditorHandle>;
}

/** Of `leading-5`, in pixels. */
const LINE_PX = 20;
const LINES_ABOVE = 5;

/** A plain text field with line numbers: the Tab key leaves it, as everywhere. Ctrl+S or Cmd+S checks. */
export function CodeEditor({ label, describedBy, value, readOnly, marks, onChange, onSave, ref }: CodeEditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLDivElement>(null);
  const lines = value.split("\n").length;

  useImperativeHandle(ref, () => ({
    goTo(line) {
      const field = area.current;
      if (field !== null) {
        const offset =
          field.value
            .split("\n")
            .slice(0, line - 1)
            .join("\n").length + (line > 1 ? 1 : 0);
        const end = field.value.indexOf("\n", offset);
        field.focus();
        field.setSelectionRange(offset, end === -1 ? field.value.length : end);
        field.scrollTop = Math.max(0, (line - LINES_ABOVE) * LINE_PX);
      }
    },
  }));

  return (
    <div className="flex h-[60dvh] min-h-72 min-w-0 overflow-hidden rounded-md border border-input bg-background font-mono text-xs leading-5 focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-ring">
      <div
        ref={gutter}
        aria-hidden
        className="w-12 shrink-0 overflow-hidden border-r bg-muted py-2 text-right text-muted-foreground select-none"
      >
        {Array.from({ length: lines }, (_, index) => {
          const mark = marks.get(index + 1);
          return (
            <div
              key={index}
              className={cn(
                "h-5 pr-2",
                mark === "error" && "bg-destructive/15 font-semibold text-destructive",
                mark === "warning" && "bg-warning/15 text-warning",
              )}
            >
              {mark === undefined ? "" : mark === "error" ? "✕ " : "! "}
              {index + 1}
            </div>
          );
        })}
      </div>
      <textarea
        ref={area}
        aria-label={label}
        aria-describedby={describedBy}
        aria-invalid={[...marks.values()].includes("error") || undefined}
        value={value}
        readOnly={readOnly}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        wrap="off"
        onChange={(event) => onChange(event.target.value)}
        onScroll={(event) => {
          if (gutter.current !== null) {
            gutter.current.scrollTop = event.currentTarget.scrollTop;
          }
        }}
        onKeyDown={(event) => {
          if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
            event.preventDefault();
            onSave();
          }
        }}
        className="min-w-0 grow resize-none overflow-auto bg-transparent px-3 py-2 whitespace-pre outline-none"
      />
    </div>
  );
}
