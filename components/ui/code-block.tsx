import { cn } from "#components/shared/cn.ts";
import { CopyButton } from "#components/ui/copy-button.tsx";

interface CodeBlockProps {
  code: string;
  /** Names the block: "Payload". Also in the copy button's name. */
  label: string;
  /** Breaks long lines instead of scrolling sideways. */
  wrap?: boolean;
  className?: string;
}

/** Text as it is, with a button to copy it. Scrolls in itself; the keyboard can reach it. */
export function CodeBlock({ code, label, wrap = false, className }: CodeBlockProps) {
  return (
    <div data-slot="code-block" className={cn("relative min-w-0 rounded-md border bg-muted", className)}>
      <pre
        tabIndex={0}
        role="group"
        aria-label={label}
        className={cn(
          "max-h-96 overflow-auto p-3 pr-12 font-mono text-xs leading-5",
          wrap && "break-words whitespace-pre-wrap",
        )}
      >
        {code}
      </pre>
      <CopyButton value={code} label={`Copy ${label.toLowerCase()}`} className="absolute top-1.5 right-1.5" />
    </div>
  );
}
