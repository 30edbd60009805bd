import { TriangleAlertIcon } from "lucide-react";
import { errorText } from "#components/shared/error-text.ts";
import type { CallError } from "#components/trpc/query-client.ts";
import { Alert } from "#components/ui/alert.tsx";
import { Button } from "#components/ui/button.tsx";

interface EditorNoticeProps {
  /** The file was changed by somebody else since the edit began. */
  stale: boolean;
  error: CallError | null;
  onReload: () => void;
}

/** Why the edit cannot go on as it is. */
export function EditorNotice({ stale, error, onReload }: EditorNoticeProps) {
  if (!stale && error === null) {
    return null;
  }
  return (
    <Alert variant={stale ? "warning" : "destructive"} role="alert">
      <TriangleAlertIcon aria-hidden />
      <p className="min-w-0 grow break-words">
        {stale
          ? "The file was changed by somebody else since you began, so that this edit cannot be applied. Copy what you need, then load the file anew."
          : error !== null && errorText(error)}
      </p>
      {stale && (
        <Button variant="outline" size="sm" onClick={onReload}>
          Load file anew
        </Button>
      )}
    </Alert>
  );
}
