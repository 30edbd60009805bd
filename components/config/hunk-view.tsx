import { DiffTable } from "#components/ui/diff-view.tsx";
import type { Diff } from "#server/configuration/schema.ts";

/** Lines that differ, as the server compared them: it alone sees whether a masked secret changed. */
export function HunkView({ diff: { hunks } }: { diff: Diff }) {
  if (hunks.length === 0) {
    return null;
  }
  return (
    <DiffTable
      label="Lines that change"
      lines={hunks.flatMap((hunk, index) => (index === 0 ? hunk : [null, ...hunk]))}
    />
  );
}
