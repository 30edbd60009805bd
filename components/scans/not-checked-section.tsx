import { Section } from "#components/ui/section.tsx";
import type { NotChecked } from "#server/scan/schema.ts";

/** What could not be looked at. It is never taken for sound. */
export function NotCheckedSection({ parts }: { parts: readonly NotChecked[] }) {
  return parts.length === 0 ? null : (
    <Section title="Not checked" description="These parts could not be looked at.">
      <ul aria-label="Not checked" className="flex flex-col divide-y rounded-md border bg-card">
        {parts.map(({ source, why, checks }) => (
          <li key={source} className="px-4 py-3 break-words">
            <span className="font-medium">{source}</span>: {why}{" "}
            <span className="text-muted-foreground">
              ({checks.length} {checks.length === 1 ? "check" : "checks"})
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
