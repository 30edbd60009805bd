import { OctagonXIcon, TriangleAlertIcon } from "lucide-react";
import { Alert } from "#components/ui/alert.tsx";
import type { OverviewStatus } from "#server/overview/schema.ts";

interface WarningsProps {
  warnings: OverviewStatus["warnings"];
  problems: OverviewStatus["config"]["problems"];
}

/** Dangers that stand until somebody removes them, each with its remedy. */
export function Warnings({ warnings, problems }: WarningsProps) {
  if (warnings.length === 0 && problems.length === 0) {
    return null;
  }
  return (
    <section aria-label="Warnings" className="flex flex-col gap-2">
      {problems.length > 0 && (
        <Alert variant="destructive">
          <OctagonXIcon aria-hidden />
          <div>
            <p className="font-medium">The configuration file has errors; the last good configuration stays in force</p>
            <ul className="text-muted-foreground">
              {problems.map((problem) => (
                <li key={`${problem.path}:${problem.line}:${problem.reason}`}>
                  <span className="font-mono text-xs">{problem.path}</span>
                  {problem.path !== "" && " "}(line {problem.line}): {problem.reason}. {problem.fix}
                </li>
              ))}
            </ul>
          </div>
        </Alert>
      )}
      {warnings.map((warning) => (
        <Alert
          key={`${warning.path}:${warning.reason}`}
          variant={warning.severity === "error" ? "destructive" : "warning"}
        >
          <TriangleAlertIcon aria-hidden />
          <div>
            <p>
              <span className="font-mono text-xs">{warning.path}</span>: {warning.reason}
            </p>
            <p className="text-muted-foreground">{warning.fix}</p>
          </div>
        </Alert>
      ))}
    </section>
  );
}
