import { CircleCheckIcon } from "lucide-react";
import { ChangedSettings } from "#components/config/changed-settings.tsx";
import { HunkView } from "#components/config/hunk-view.tsx";
import { Button } from "#components/ui/button.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import type { ConfigCheck } from "#server/configuration/schema.ts";

interface CheckResultProps {
  check: ConfigCheck;
  /** Absent where the text is not in an editor. */
  onGoTo?: (line: number) => void;
}

/** What the check found: problems at their lines, settings that change, lines that change. */
export function CheckResult({ check, onGoTo }: CheckResultProps) {
  const { problems, changes, diff, encrypted } = check;
  const errors = problems.filter(({ severity }) => severity === "error").length;
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <p className="flex items-center gap-2 font-medium">
        {errors === 0 && <CircleCheckIcon aria-hidden className="size-4 text-success" />}
        {errors === 0
          ? diff.hunks.length === 0
            ? "Nothing differs from the file"
            : "The text can be applied"
          : `${errors} ${errors === 1 ? "error has" : "errors have"} to be corrected before this can be applied`}
      </p>
      {problems.length > 0 && (
        <ul aria-label="Problems" className="flex flex-col divide-y rounded-md border">
          {problems.map(({ severity, path, line, column, reason, fix }) => (
            <li key={`${path}:${line}:${column}:${reason}`} className="flex flex-wrap items-start gap-x-3 gap-y-1 p-3">
              <StatusBadge status={severity === "error" ? "failed" : "warning"}>
                {severity === "error" ? "Error" : "Warning"}
              </StatusBadge>
              {onGoTo === undefined ? (
                <span>Line {line}</span>
              ) : (
                <Button variant="link" onClick={() => onGoTo(line)}>
                  Line {line}
                </Button>
              )}
              <span className="min-w-0 flex-1 basis-64 break-words">
                {path !== "" && <span className="font-mono text-xs">{path} </span>}
                {reason}. <span className="text-muted-foreground">{fix}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
      {encrypted.length > 0 && (
        <p>
          Encrypted before it is written, like the other secrets of the file:{" "}
          <span className="font-mono text-xs">{encrypted.join(", ")}</span>
        </p>
      )}
      {changes.length > 0 && <ChangedSettings changes={changes} />}
      <HunkView diff={diff} />
    </div>
  );
}
