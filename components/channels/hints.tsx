import { InfoIcon, TriangleAlertIcon } from "lucide-react";
import type { ChannelRow } from "#server/access/channels/schema.ts";

/** What is probably not meant. */
export function Hints({ hints }: Pick<ChannelRow, "hints">) {
  return (
    <div role="status" aria-label="Hints">
      <ul className="flex flex-col gap-1">
        {hints.map(({ code, severity, message }) => (
          <li key={`${code} ${message}`} className="flex min-w-0 items-start gap-2">
            {severity === "warning" ? (
              <TriangleAlertIcon aria-hidden className="mt-0.5 size-4 shrink-0 text-warning" />
            ) : (
              <InfoIcon aria-hidden className="mt-0.5 size-4 shrink-0 text-muted-foreground" />
            )}
            <span className="min-w-0 break-words">
              <span className="sr-only">{severity === "warning" ? "Conflict: " : "Note: "}</span>
              {message}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
