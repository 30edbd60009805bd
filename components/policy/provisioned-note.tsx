import { FileCogIcon } from "lucide-react";
import { Alert } from "#components/ui/alert.tsx";

/** Says that a section of the policy is owned by the configuration file, where it stands, and how to keep it in the database instead. */
export function ProvisionedNote({ noun, place }: { noun: string; place: { file: string; path: string } }) {
  return (
    <Alert role="note">
      <FileCogIcon aria-hidden />
      <div className="min-w-0">
        <p className="font-medium">In configuration file, read-only</p>
        <p className="text-muted-foreground">
          All {noun} come from <code className="font-mono text-xs break-all">{place.path}</code> in{" "}
          <code className="font-mono text-xs break-all">{place.file}</code>. Change them there. To change them here,
          remove that section from the file: the database&apos;s {noun} are then in force, so look at them first.
        </p>
      </div>
    </Alert>
  );
}
