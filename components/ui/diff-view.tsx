import { cn } from "#components/shared/cn.ts";
import { diffLines, withContext, type DiffLine } from "#components/shared/line-diff.ts";

interface DiffViewProps {
  /** Names the comparison: "Changes to the configuration". */
  label: string;
  before: string;
  after: string;
  className?: string;
}

const SIGNS = { same: " ", added: "+", removed: "−" } as const;
const WORDS = { same: "", added: "Added: ", removed: "Removed: " } as const;
const TONES = {
  same: "",
  added: "bg-success/10 text-success",
  removed: "bg-destructive/10 text-destructive",
} as const;

/** What changed between two texts, line by line, by sign and colour. */
export function DiffView({ label, before, after, className }: DiffViewProps) {
  const lines = diffLines(before, after);
  if (lines.every(({ kind }) => kind === "same")) {
    return <p className="text-muted-foreground">Nothing changed.</p>;
  }
  return <DiffTable label={label} lines={withContext(lines)} className={className} />;
}

interface DiffTableProps {
  label: string;
  /** Null stands for lines left out. */
  lines: readonly (DiffLine | null)[];
  className?: string | undefined;
}

/** Lines that were compared already. */
export function DiffTable({ label, lines, className }: DiffTableProps) {
  const count = (kind: DiffLine["kind"]): number => lines.filter((line) => line?.kind === kind).length;
  const added = count("added");
  return (
    <div data-slot="diff-view" className={cn("min-w-0", className)}>
      <p className="mb-1 text-xs text-muted-foreground">
        {added} {added === 1 ? "line" : "lines"} added, {count("removed")} removed
      </p>
      <div
        role="region"
        aria-label={label}
        tabIndex={0}
        className="max-h-[60dvh] overflow-auto rounded-md border bg-background font-mono text-xs leading-5"
      >
        <table className="w-full border-collapse">
          <caption className="sr-only">{label}</caption>
          <tbody>
            {lines.map((line, index) => (line === null ? <Gap key={index} /> : <Line key={index} line={line} />))}
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

function Gap() {
  return (
    <tr className="bg-muted text-muted-foreground">
      <td colSpan={4} className="px-3">
        <span aria-hidden>⋯</span>
        <span className="sr-only">unchanged lines left out</span>
      </td>
    </tr>
  );
}
