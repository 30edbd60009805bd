import { InfoIcon, RotateCcwIcon, TriangleAlertIcon } from "lucide-react";
import { Alert } from "#components/ui/alert.tsx";
import type { ConfigDocument } from "#server/configuration/schema.ts";

/** What has to be known before editing: the file has errors, or something waits for the next start. */
export function ConfigNotices({ document }: { document: ConfigDocument }) {
  const { inForce, source, problems, restartPending, file } = document;
  const errors = problems.filter(({ severity }) => severity === "error");
  return (
    <>
      {(!inForce || source === "in_force") && (
        <Alert variant="destructive">
          <TriangleAlertIcon aria-hidden />
          <div className="min-w-0">
            <p className="font-medium">The file on the disk has errors; the last good configuration stays in force</p>
            <ul>
              {errors.map(({ path, line, reason, fix }) => (
                <li key={`${path}:${line}:${reason}`} className="break-words">
                  Line {line}: {path !== "" && <span className="font-mono text-xs">{path} </span>}
                  {reason}. {fix}
                </li>
              ))}
            </ul>
            {source === "in_force" && (
              <p>It cannot be read, so that the editor shows the last version in force. Applying replaces the file.</p>
            )}
          </div>
        </Alert>
      )}
      {restartPending.length > 0 && (
        <Alert variant="warning">
          <RotateCcwIcon aria-hidden />
          <div className="min-w-0">
            <p className="font-medium">Restart needed</p>
            <p className="break-words">
              Changed since the start and taken up by the next one: {restartPending.join(", ")}. Stop the gateway and
              start it again.
            </p>
          </div>
        </Alert>
      )}
      {source === "none" && (
        <Alert>
          <InfoIcon aria-hidden />
          <p className="min-w-0 break-words">
            There is no file yet and every setting has its default. Applying a text makes {file}.
          </p>
        </Alert>
      )}
    </>
  );
}
