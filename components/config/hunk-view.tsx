import { Fragment } from "react";
import type { Diff, DiffLine } from "#server/configuration/schema.ts";

const SIGNS = { same: " ", added: "+", removed: "−" } as const;
const WORDS = { same: "", added: "Added: ", removed: "Removed: " } as const;
const TONES = {
  same: "",
  added: "bg-success/10 text-success",
  removed: "bg-destructive/10 text-destructive",
} as const;

/** Lines that differ, as the server compared them: it alone sees whether a masked secret changed. */
export function HunkView({ diff: { hunks, added, removed } }: { diff: Diff }) {
  if (hunks.length === 0) {
    return null;
  }
  return (
    <div className="min-w-0">
      <p className="mb-1 text-xs text-muted-foreground">
        {added} {added === 1 ? "line" : "lines"} added, {removed} removed
      </p>
      <div
        role="region"
        aria-label="Lines that change"
        tabIndex={0}
        className="max-h-[60dvh] overflow-auto rounded-md border bg-background font-mono text-xs leading-5"
      >
        <table className="w-full border-collapse">
          <caption className="sr-only">Lines that change</caption>
          <tbody>
            {hunks.map((hunk, index) => (
              <Fragment key={index}>
                {index > 0 && (
                  <tr className="bg-muted text-muted-foreground">
                    <td colSpan={4} className="px-3">
                      <span aria-hidden>⋯</span>
                      <span className="sr-only">unchanged lines left out</span>
                    </td>
                  </tr>
                )}
                {hunk.map((line) => (
                  <Line key={`${line.kind}:${line.before}:${line.after}`} line={line} />
                ))}
              </Fragment>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Line({ line: { kind, text, before, after } }: { line: DiffLine }) {
  return (
    <tr className={TONES[kind]}>
      <td className="w-10 px-2 text-right text-muted-foreground select-none">{before}</td>
      <td className="w-10 px-2 text-right text-muted-foreground select-none">{after}</td>
      <td aria-hidden className="w-4 text-center select-none">
        {SIGNS[kind]}
      </td>
      <td className="pr-3 whitespace-pre">
        <span className="sr-only">{WORDS[kind]}</span>
        {text}
      </td>
    </tr>
  );
}
