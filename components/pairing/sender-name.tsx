import { plainText } from "#components/shared/plain-text.ts";

interface SenderNameProps {
  /** The platform's immutable id. */
  senderId: string;
  /** What the sender calls itself. */
  label: string | null;
}

/** A sender by the id that counts; the name beside it is the sender's own claim. */
export function SenderName({ senderId, label }: SenderNameProps) {
  return (
    <span className="inline-flex max-w-64 min-w-0 items-baseline gap-2">
      <span className="truncate font-mono text-xs">{plainText(senderId)}</span>
      {label !== null && <span className="truncate text-muted-foreground">“{plainText(label)}”</span>}
    </span>
  );
}
