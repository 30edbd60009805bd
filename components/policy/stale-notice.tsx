"use client";

import { appCodeOf, detailsOf } from "#components/trpc/query-client.ts";
import { Button } from "#components/ui/button.tsx";
import { DiffView } from "#components/ui/diff-view.tsx";

interface Meanwhile {
  /** As it is stored now; null = removed. */
  current: object | null;
  /** What the next save has to send as seen. */
  revision: string | null;
}

/** What somebody else saved while it was edited here; null for any other failure. */
export function meanwhileOf(error: unknown): Meanwhile | null {
  const details = detailsOf(error);
  if (appCodeOf(error) !== "CONFLICT" || details?.reason !== "changed_meanwhile") {
    return null;
  }
  const { current, revision } = details;
  return {
    current: typeof current === "object" ? current : null,
    revision: typeof revision === "string" ? revision : null,
  };
}

interface StaleNoticeProps {
  noun: string;
  meanwhile: Meanwhile;
  mine: object;
  /** Goes on editing, on top of what is stored now. */
  onKeepMine: (revision: string | null) => void;
  /** Throws the own changes away and shows what is stored now. */
  onTakeTheirs: () => void;
}

/** Both states of a record that two people edited, and the choice between them. Nothing has been saved. */
export function StaleNotice({ noun, meanwhile, mine, onKeepMine, onTakeTheirs }: StaleNoticeProps) {
  const { current, revision } = meanwhile;
  return (
    <div role="alert" className="flex min-w-0 flex-col gap-3 rounded-lg border border-warning/50 p-3">
      <p className="font-medium">
        {current === null
          ? `Somebody removed this ${noun} while you edited it. Nothing was saved.`
          : `Somebody else changed this ${noun} while you edited it. Nothing was saved.`}
      </p>
      {current !== null && (
        <DiffView
          label={`From what is stored now to your version of the ${noun}`}
          before={JSON.stringify(current, null, 2)}
          after={JSON.stringify(mine, null, 2)}
        />
      )}
      <div className="flex flex-wrap gap-2">
        <Button variant="outline" size="sm" onClick={onTakeTheirs}>
          Discard my changes
        </Button>
        <Button variant="outline" size="sm" onClick={() => onKeepMine(revision)}>
          Keep my version and review it again
        </Button>
      </div>
    </div>
  );
}
