import { OctagonXIcon } from "lucide-react";
import { Alert } from "#components/ui/alert.tsx";

/** What went wrong with a form as a whole; nothing when `text` is null. Takes the focus when no field can. */
export function FormError({ text }: { text: string | null }) {
  return text === null ? null : (
    <Alert variant="destructive" role="alert" tabIndex={-1}>
      <OctagonXIcon aria-hidden />
      <p className="min-w-0 break-words">{text}</p>
    </Alert>
  );
}
