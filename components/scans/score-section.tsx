import { Card } from "#components/ui/card.tsx";
import { Section } from "#components/ui/section.tsx";
import { Sparkline } from "#components/ui/sparkline.tsx";
import { StatusBadge } from "#components/ui/status-badge.tsx";
import { Time } from "#components/ui/time.tsx";
import type { ScansView, ScanSummary } from "#server/scan/schema.ts";

type Last = NonNullable<ScansView["last"]>;

const TRIGGERS: Record<ScanSummary["trigger"], string> = {
  schedule: "by the clock",
  console: "from the console",
  cli: "from the command line",
};

/** The verdict, and how it went before. */
export function ScoreSection({ last: { scan, resolved }, history }: { last: Last; history: readonly ScanSummary[] }) {
  const scores = history.map(({ score }) => score);
  const lowest = Math.min(...scores);
  return (
    <Section title="Verdict">
      <Card className="flex min-w-0 flex-wrap items-center gap-x-8 gap-y-4 px-4 py-3">
        <p className="text-2xl font-semibold tabular-nums">
          {scan.score} <span className="text-base font-normal text-muted-foreground">of 100, grade {scan.grade}</span>
        </p>
        <ul aria-label="Findings" className="flex flex-wrap gap-2">
          <li>
            <StatusBadge status={scan.critical > 0 ? "failed" : "ok"}>{`${scan.critical} critical`}</StatusBadge>
          </li>
          <li>
            <StatusBadge status={scan.warn > 0 ? "warning" : "ok"}>{`${scan.warn} warnings`}</StatusBadge>
          </li>
          <li>
            <StatusBadge status="info">{`${scan.info} advice`}</StatusBadge>
          </li>
          {scan.suppressed > 0 && (
            <li>
              <StatusBadge status="stopped">{`${scan.suppressed} suppressed`}</StatusBadge>
            </li>
          )}
        </ul>
        {history.length > 1 && (
          <div className="w-40 max-w-full">
            <Sparkline
              values={scores}
              label={`Score of the last ${scores.length} scans: now ${scan.score}, lowest ${lowest}`}
              tone={scan.critical > 0 ? "destructive" : "primary"}
            />
          </div>
        )}
        <p className="basis-full text-muted-foreground">
          <Time value={scan.at} /> {TRIGGERS[scan.trigger]} by {scan.requestedBy}; {scan.checksRun} checks in{" "}
          {scan.durationMs} ms. Since the scan before: {scan.fresh} new, {resolved} gone.
          {!scan.complete && " Part of it could not be looked at: this is no all-clear."}
        </p>
      </Card>
    </Section>
  );
}
