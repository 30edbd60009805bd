import { Fragment, type ReactNode } from "react";
import { CopyButton } from "#components/ui/copy-button.tsx";

interface JsonViewProps {
  value: unknown;
  /** Names the block: "Event". */
  label: string;
}

/** A JSON value, indented, with its names and values told apart. */
export function JsonView({ value, label }: JsonViewProps) {
  const text = JSON.stringify(value, null, 2) ?? "null";
  return (
    <div data-slot="json-view" className="relative min-w-0 rounded-md border bg-muted">
      <pre
        tabIndex={0}
        role="group"
        aria-label={label}
        className="max-h-[60dvh] overflow-auto p-3 pr-12 font-mono text-xs leading-5 break-words whitespace-pre-wrap"
      >
        {tinted(text)}
      </pre>
      <CopyButton value={text} label={`Copy ${label.toLowerCase()} as JSON`} className="absolute top-1.5 right-1.5" />
    </div>
  );
}

/** A string with or without a colon behind it; a number, true, false or null. */
const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function tinted(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon] = match;
    parts.push(text.slice(end, match.index));
    end = match.index + whole.length;
    if (string === undefined) {
      parts.push(<span className="text-warning">{whole}</span>);
    } else if (colon === undefined) {
      parts.push(<span className="text-success">{whole}</span>);
    } else {
      parts.push(<span className="text-primary">{string}</span>, colon);
    }
  }
  parts.push(text.slice(end));
  return parts.map((part, index) => <Fragment key={index}>{part}</Fragment>);
}
